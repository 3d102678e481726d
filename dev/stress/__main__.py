"""Runs the torture inside Odoo: ``python -m dev.stress SECONDS WHAT DATABASE [option…]``.

``WHAT`` is ``torture``; or ``old``: the same on the old suite's way of deleting, which has to
fail.
"""

import sys


def main() -> int:
    seconds, what, database, *options = sys.argv[1:]
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, *options])
    registry = Registry(database)

    from .torture import Torture, old_design
    from .work import NAME

    torture = Torture(registry, "s3")
    with registry.cursor() as cursor:
        attachments = torture._attachments(cursor)
        attachments._get_object_store("s3").create_container()
        attachments._claim_store()
        attachments.search([("name", "=", NAME)]).unlink()  # of a run before
    if what == "old":
        old_design(registry)
    outcome = torture.run(float(seconds))
    torture.compare(outcome)
    print(outcome)
    if what == "torture":
        ratio = Torture(registry, "s3").rate_against(Torture(registry, "file"), float(seconds) / 4)
        print(f"commits a second without kills, against core's file store: {ratio:.2f}")
    print("clean" if outcome.is_clean else "NOT CLEAN")
    return 0 if outcome.is_clean else 1


sys.exit(main())
