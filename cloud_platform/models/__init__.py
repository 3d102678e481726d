from . import cloud_platform, ir_attachment, ir_cron, ir_http
