-- a neutralized copy has no platform until install() is called in its own environment: the
-- rules of its original's environment are not its own
UPDATE ir_config_parameter SET value = '' WHERE key = 'cloud.platform.kind';
