from . import (
    ir_attachment,
    ir_attachment_background_move,
    ir_attachment_garbage,
    ir_attachment_local,
    ir_attachment_move,
    ir_attachment_owner,
    ir_attachment_reconcile,
    ir_attachment_serve,
    ir_attachment_write,
    ir_config_parameter,
    ir_http,
    ir_module_module,
)
