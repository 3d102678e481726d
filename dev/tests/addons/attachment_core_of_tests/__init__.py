def create_containers(env):
    """Create a place for attachments in each store, before any test makes one."""
    for scheme in env["ir.attachment"]._get_stores():
        env["ir.attachment"]._get_object_store(scheme).create_container()
