"""Core's tests of attachments once more, when every addon is loaded.

The database says where attachments go.
"""

from odoo.tests import tagged

from odoo.addons.base.tests import test_ir_attachment
from odoo.addons.mail.tests import test_mail_composer, test_mail_template
from odoo.addons.test_http.tests import test_static
from odoo.addons.web.tests import test_image


class AtLocation:
    allow_inherited_tests_method = True


@tagged("post_install", "-at_install")
class TestIrAttachment(AtLocation, test_ir_attachment.TestIrAttachment):
    pass


@tagged("post_install", "-at_install")
class TestPermissions(AtLocation, test_ir_attachment.TestPermissions):
    pass


@tagged("post_install", "-at_install")
class TestHttpStatic(AtLocation, test_static.TestHttpStatic):
    pass


@tagged("post_install", "-at_install")
class TestHttpStaticCache(AtLocation, test_static.TestHttpStaticCache):
    pass


@tagged("post_install", "-at_install")
class TestImage(AtLocation, test_image.TestImage):
    pass


@tagged("post_install", "-at_install")
class TestMailComposer(AtLocation, test_mail_composer.TestMailComposer):
    pass


@tagged("post_install", "-at_install")
class TestMailTemplate(AtLocation, test_mail_template.TestMailTemplate):
    pass
