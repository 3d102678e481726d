"""A database as a release before 3.0 leaves it: rows that its addons make, and their files.

Such a release has no own table, column, view, menu or scheduled action. Its data are
written down here: modules with their dependencies and exclusions, the external ids of the
models that they extend, one parameter with an id that updates keep, two parameters that its
``install()`` sets, and attachments under flat keys.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from dev.stack import Stack

EXTENDED = {
    "base_attachment_object_storage": "ir.attachment",
    "attachment_s3": "ir.attachment",
    "attachment_swift": "ir.attachment",
    "monitoring_statsd": "ir.http",
    "monitoring_prometheus": "ir.http",
    "monitoring_log_requests": "ir.http",
    "cloud_platform": "cloud.platform",
    "cloud_platform_exoscale": "cloud.platform",
    "cloud_platform_ovh": "cloud.platform",
}
COMMON = {
    "base_attachment_object_storage": ("1.0.0", ("base",)),
    "session_redis": ("1.0.0", ("base",)),
    "logging_json": ("1.0.0", ("base",)),
    "monitoring_status": ("1.0.0", ("base", "web")),
    "monitoring_log_requests": ("1.0.0", ("base", "web")),
    "monitoring_statsd": ("1.0.0", ("base", "web", "server_environment")),
    "monitoring_prometheus": ("1.0.0", ("base", "web", "server_environment")),
    "cloud_platform": (
        "2.0.0",
        ("session_redis", "monitoring_status", "logging_json", "server_environment"),
    ),
}
OF_STORES = {
    "s3": {
        "attachment_s3": ("1.0.0", ("base", "base_attachment_object_storage")),
        "cloud_platform_exoscale": (
            "1.0.0",
            ("cloud_platform", "attachment_s3", "monitoring_statsd"),
        ),
    },
    "swift": {
        "attachment_swift": ("1.0.0", ("base_attachment_object_storage",)),
        "cloud_platform_ovh": (
            "1.0.0",
            ("cloud_platform", "attachment_swift", "monitoring_statsd"),
        ),
    },
}
KINDS = {"s3": "exoscale", "swift": "ovh"}
EXCLUDED = {
    "cloud_platform_exoscale": "cloud_platform_ovh",
    "cloud_platform_ovh": "cloud_platform_exoscale",
}
# as a Python literal, which that release took
FORCED = "{'image/': 1000, 'text/css': 0}"
FORCED_ID = "ir_attachment_storage_force_database"

MODULE = """
WITH module AS (
    INSERT INTO ir_module_module (name, state, latest_version, auto_install)
    VALUES ('{name}', 'installed', '{version}', {auto_install})
    ON CONFLICT (name) DO UPDATE
       SET state = EXCLUDED.state, latest_version = EXCLUDED.latest_version
    RETURNING id
), gone AS (
    DELETE FROM ir_module_module_dependency WHERE module_id IN (SELECT id FROM module)
), dependencies AS (
    INSERT INTO ir_module_module_dependency (module_id, name, auto_install_required)
    SELECT id, name, false FROM module, unnest(ARRAY[{depends}]) AS name
), exclusions AS (
    INSERT INTO ir_module_module_exclusion (module_id, name)
    SELECT id, name FROM module, unnest(ARRAY[{excludes}]::text[]) AS name
)
INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
SELECT 'base', 'module_{name}', 'ir.module.module', id, true FROM module
    ON CONFLICT DO NOTHING;
"""
EXTENSION = """
INSERT INTO ir_model_data (module, name, model, res_id)
SELECT '{name}', 'model_' || replace(model, '.', '_'), 'ir.model', id
  FROM ir_model WHERE model = '{model}';
"""
PLATFORM_MODEL = """
WITH model AS (
    INSERT INTO ir_model (model, name, state, transient, "order")
    VALUES ('cloud.platform', '{"en_US": "cloud.platform"}', 'base', false, 'id') RETURNING id
), fields AS (
    INSERT INTO ir_model_fields
           (model, model_id, name, field_description, ttype, state, store, readonly)
    SELECT 'cloud.platform', id, name, jsonb_build_object('en_US', name), ttype, 'base',
           name = 'id', true
      FROM model, (VALUES ('id', 'integer'), ('display_name', 'char')) AS field (name, ttype)
    RETURNING id, name
)
INSERT INTO ir_model_data (module, name, model, res_id)
SELECT 'cloud_platform', 'field_cloud_platform__' || name, 'ir.model.fields', id FROM fields;
"""
PARAMETER = """
INSERT INTO ir_config_parameter (key, value) VALUES ('{key}', $${value}$$)
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
"""
FORCED_DATA = f"""
INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
SELECT 'base_attachment_object_storage', '{FORCED_ID}', 'ir.config_parameter', id, true
  FROM ir_config_parameter WHERE key = 'ir_attachment.storage.force.database';
"""
ATTACHMENT = """
INSERT INTO ir_attachment
       (name, type, mimetype, checksum, file_size, store_fname, db_datas, create_uid, create_date)
VALUES ('{name}', 'binary', '{mimetype}', '{checksum}', {size}, {fname}, {data}, 2, now())
RETURNING id;
"""


def modules_of(scheme: str) -> dict[str, tuple[str, Sequence[str]]]:
    """Return the addons that a database with a store had, with version and dependencies."""
    return {**COMMON, **OF_STORES[scheme]}


def make_former(stack: Stack, database: str, scheme: str) -> None:
    """Turn a database into one of the former suite; it has ``server_environment`` already."""
    statements = [PLATFORM_MODEL]
    for name, (version, depends) in modules_of(scheme).items():
        statements.append(
            MODULE.format(
                name=name,
                version=f"{stack.odoo.series}.{version}",
                auto_install=str(name == "base_attachment_object_storage").lower(),
                depends=", ".join(f"'{depend}'" for depend in depends),
                excludes=f"'{EXCLUDED[name]}'" if name in EXCLUDED else "",
            )
        )
        if name in EXTENDED:
            statements.append(EXTENSION.format(name=name, model=EXTENDED[name]))
    parameters = {
        "cloud.platform.kind": KINDS[scheme],
        "ir_attachment.location": scheme,
        "ir_attachment.storage.force.database": FORCED,
    }
    statements += [PARAMETER.format(key=key, value=value) for key, value in parameters.items()]
    stack.postgresql.query(database, "\n".join([*statements, FORCED_DATA]))


def attachments(
    stack: Stack, database: str, data: Path, scheme: str, containers: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    """Make rows of files in the containers, in the local store and in the database.

    Yields the id, the content and the name of the object or file. An object in a container has
    to be put there by the caller.
    """
    for place in (*containers, containers[0], "file", "db"):
        content = f"a document in {place}"
        digest = hashlib.sha1(content.encode()).hexdigest()
        fname = {"file": f"{digest[:2]}/{digest}", "db": ""}.get(
            place, f"{scheme}://{place}/{digest}"
        )
        if place == "file":
            path = data / "filestore" / database / fname
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        [number] = stack.postgresql.query(
            database,
            ATTACHMENT.format(
                name=f"of {place}.txt",
                mimetype="text/plain",
                checksum=digest,
                size=len(content),
                fname=f"'{fname}'" if fname else "NULL",
                data="NULL" if fname else f"$${content}$$",
            ),
        )
        yield int(number), content, fname
