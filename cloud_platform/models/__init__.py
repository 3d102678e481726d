from . import (
    cloud_platform,
    cloud_platform_ownership,
    cloud_platform_status,
    ir_attachment,
    ir_cron,
    ir_http,
)
