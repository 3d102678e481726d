from . import cloud_platform, cloud_platform_ownership, ir_attachment, ir_cron, ir_http
