"""The place of an attachment's content, in SQL."""

# db, file, or scheme://container
PLACE = """CASE WHEN store_fname IS NULL THEN 'db'
    WHEN strpos(store_fname, '://') > 0 THEN substring(store_fname from '^[^:]+://[^/]+')
    ELSE 'file' END"""
