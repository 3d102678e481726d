from . import (
    ir_attachment,
    ir_attachment_background_move,
    ir_attachment_garbage,
    ir_attachment_move,
    ir_http,
)
