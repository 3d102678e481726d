"""Core's tests of attachments once more, when every addon is loaded.

The database says where attachments go.
"""

from importlib import import_module
from importlib.util import find_spec

from odoo.tests import tagged

# the modules of core's tests that write, serve, copy or delete attachments; a series may lack some
CLASSES = {
    "base.tests.test_ir_attachment": ("TestIrAttachment", "TestPermissions"),
    "mail.tests.discuss.test_discuss_attachment_controller": ("TestDiscussAttachmentController",),
    "mail.tests.discuss.test_message_controller": ("TestMessageController", "TestMessageLinks"),
    "mail.tests.discuss.test_toggle_upload": ("TestToggleUpload",),
    "mail.tests.test_mail_composer": (
        "TestMailComposer",
        "TestMailComposerForm",
        "TestMailComposerRendering",
    ),
    "mail.tests.test_mail_template": ("TestMailTemplate", "TestMailTemplateReset"),
    "test_http.tests.test_static": ("TestHttpStatic", "TestHttpStaticCache"),
    "web.tests.test_image": ("TestImage",),
    "web.tests.test_ir_qweb": ("TestIrQweb",),
}


class AtLocation:
    allow_inherited_tests_method = True


for module, names in CLASSES.items():
    path = f"odoo.addons.{module}"
    tests = import_module(path) if find_spec(path) else None
    for name in names:
        if hasattr(tests, name):
            case = type(name, (AtLocation, getattr(tests, name)), {"__module__": __name__})
            globals()[name] = tagged("post_install", "-at_install")(case)
