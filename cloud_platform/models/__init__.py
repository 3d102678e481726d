from . import (
    cloud_platform,
    cloud_platform_figures,
    cloud_platform_ownership,
    cloud_platform_status,
    cloud_platform_status_services,
    cloud_platform_uninstall,
    ir_attachment,
    ir_config_parameter,
    ir_cron,
    ir_http,
    ir_module_module,
)
