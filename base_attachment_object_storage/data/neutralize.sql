-- a neutralized copy reads the files of its original; it writes none, and deletes none
UPDATE ir_config_parameter SET value = 'db'
 WHERE key = 'ir_attachment.location' AND value NOT IN ('db', 'file');
INSERT INTO ir_config_parameter (key, value) VALUES ('ir_attachment.storage.owner', 'nobody')
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
