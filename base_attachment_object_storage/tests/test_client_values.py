"""No value from a client decides where content is stored, or changes its description in a row."""

import base64
import hashlib
import xmlrpc.client
from contextlib import suppress

from odoo import Command, api
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..ownership.keys import key_of_digest
from ..store import StoreUri
from ..upload.placement import PARAMETER
from .attachment_setup import AttachmentSetUp, noise
from .test_attachment import MemorySetUp

SECRET_KEY = "another/owner.pdf"
SECRET = b"a file of somebody else"
OWN = b"content of the client"
LOGS = (
    "odoo.http",
    "odoo.addons.base.models.ir_model",
    "odoo.addons.base.models.ir_rule",
    "odoo.addons.rpc.controllers.xmlrpc",  # from 19.0 on it logs a warning for each call
)


class ClientSetUp(MemorySetUp, AttachmentSetUp):
    """Three users, and an object that none of them may read."""

    def setUp(self):
        super().setUp()
        self.make_store().put(SECRET_KEY, SECRET)
        self.secret = str(StoreUri(self.scheme, "main", SECRET_KEY))
        self.env["ir.config_parameter"].set_param(PARAMETER, "{}")  # nothing is in the database
        groups = {
            "portal": "base.group_portal",
            "internal": "base.group_user,base.group_partner_manager",
            "administrator": "base.group_system,base.group_partner_manager",
        }
        self.users = {
            name: new_test_user(self.env, f"client-{name}", groups=group)
            for name, group in groups.items()
        }
        self.env.flush_all()
        self.env.cr.execute("SELECT max(id) FROM ir_attachment")
        (self.last_id,) = self.env.cr.fetchone()

    def contexts(self):
        """Return contexts that choose what a client must not choose."""
        yield {
            "default_store_fname": self.secret,
            "default_checksum": "0" * 40,
            "default_file_size": 123_456,
            "default_db_datas": base64.b64encode(SECRET).decode(),
            "force_storage_key": "a/b",
        }
        for location in ("file", "db", "memory", "s3", "unknown", "../../etc", 1, [self.secret]):
            yield {"storage_location": location, "force_storage_key": SECRET_KEY}

    def forged(self, **values):
        """Return values; a client must not write most of them."""
        return {
            "name": "of a client",
            "mimetype": "application/pdf",
            "store_fname": self.secret,
            "checksum": "0" * 40,
            "file_size": 123_456,
            "db_datas": base64.b64encode(SECRET).decode(),
            **values,
        }

    def new_rows(self):
        """Return the attachments that are new since the last call; check each of them."""
        self.env.flush_all()
        self.env.invalidate_all()
        attachments = self.env["ir.attachment"].search(
            [("id", ">", self.last_id), ("id", "!=", False)]
        )
        self.last_id = max([self.last_id, *attachments.ids])
        for attachment in attachments:
            self.check_row(attachment)
        return attachments

    def check_row(self, attachment):
        self.env.cr.execute(
            "SELECT store_fname, checksum, COALESCE(file_size, 0), octet_length(db_datas)"
            " FROM ir_attachment WHERE id = %s",
            (attachment.id,),
        )
        fname, checksum, size, in_database = self.env.cr.fetchone()
        self.assertFalse(in_database)
        if not fname:
            self.assertIn(checksum, (None, hashlib.sha1(b"").hexdigest()))
            self.assertFalse(size)
            return
        uri = StoreUri.parse(fname)
        raw = self.make_store().read(uri.key)
        owned = key_of_digest(self.attachments._object_owner(), hashlib.sha256(raw).hexdigest())
        self.assertEqual((uri.scheme, uri.key), (self.scheme, owned))
        self.assertEqual((checksum, size), (hashlib.sha1(raw).hexdigest(), len(raw)))
        self.assertNotEqual(raw, SECRET)

    def operations(self):
        """Yield (name, model, method, positional arguments) of calls that write content."""
        datas = base64.b64encode(OWN).decode()
        image = base64.b64encode(noise((8, 8))).decode()
        yield "nothing", "ir.attachment", "create", [{"name": "no content"}]
        yield "values", "ir.attachment", "create", [self.forged()]
        yield "content", "ir.attachment", "create", [self.forged(datas=datas)]
        yield "several", "ir.attachment", "create", [[self.forged(datas=datas), self.forged()]]
        yield "name_create", "ir.attachment", "name_create", ["a name"]
        header = ["name", "store_fname", "db_datas", "datas", "checksum"]
        row = ["imported", self.secret, base64.b64encode(SECRET).decode(), datas, "0" * 40]
        yield "load", "ir.attachment", "load", [header, [row]]
        yield "web_save", "ir.attachment", "web_save", [[], self.forged(datas=datas), {"id": {}}]
        yield "field", "res.partner", "create", [{"name": "a partner", "image_1920": image}]

    def of_existing(self, attachment):
        """Yield (name, model, method, positional arguments) of calls that change an attachment."""
        ids, datas = attachment.ids, base64.b64encode(OWN * 2).decode()
        yield "write", "ir.attachment", "write", [ids, self.forged()]
        yield "write content", "ir.attachment", "write", [ids, self.forged(datas=datas)]
        yield "web_save", "ir.attachment", "web_save", [ids, self.forged(), {"id": {}}]
        yield "copy", "ir.attachment", "copy", [ids, self.forged()]


@tagged("post_install", "-at_install")
class TestClientValues(ClientSetUp, HttpCase):
    def own_attachment(self, user):
        return (
            self.env["ir.attachment"]
            .with_user(user)
            .create({"name": "mine.pdf", "mimetype": "application/pdf", "raw": OWN})
        )

    def try_all(self, call):
        """Try all operations as each user, with each context, by one way of calling a method."""
        made = 0
        for name, user in self.users.items():
            own = self.own_attachment(user) if name != "portal" else self.env["ir.attachment"]
            self.new_rows()
            for context in self.contexts():
                existing = self.of_existing(own) if own else ()
                for operation, *what in (*self.operations(), *existing):
                    with self.subTest(user=name, operation=operation, context=context):
                        call(user, *what, context)
                        made += len(self.new_rows())
                        if own:
                            self.check_row(own)
        self.assertGreater(made, 2 * 9 * 6, "nothing was tried")

    def test_by_the_orm(self):
        def call(user, model, method, arguments, context):
            env = self.env(user=user, context=context)
            with suppress(AccessError), self.env.cr.savepoint():
                api_call = getattr(api, "call_kw", None) or _call_kw_of_19()
                api_call(env[model], method, arguments, {"context": context})

        with mute_logger(*LOGS):
            self.try_all(call)

    def test_by_json_rpc(self):
        def call(user, model, method, arguments, context):
            if getattr(self, "logged_in", None) != user:
                self.authenticate(user.login, user.login)
                self.logged_in = user
            self.json(
                f"/web/dataset/call_kw/{model}/{method}",
                {
                    "model": model,
                    "method": method,
                    "args": arguments,
                    "kwargs": {"context": context},
                },
            )

        with mute_logger(*LOGS):
            self.try_all(call)

    def test_by_xml_rpc(self):
        def call(user, model, method, arguments, context):
            with suppress(xmlrpc.client.Fault):
                self.xmlrpc_object.execute_kw(
                    *(self.env.cr.dbname, user.id, user.login, model, method, arguments),
                    {"context": context},
                )

        with mute_logger(*LOGS):
            self.try_all(call)

    def json(self, path, params):
        answer = self.opener.post(
            self.base_url() + path, json={"jsonrpc": "2.0", "params": params}, timeout=60
        )
        return answer.json()

    def test_by_json_2(self):
        model = self.env["res.users.apikeys"]
        if "json/2" not in str(self.env["ir.http"].routing_map()):
            return  # only 19.0 and later have it
        user = self.users["internal"]
        key = model.with_user(user).sudo()._generate("rpc", "of a test", None)
        for context in self.contexts():
            with self.subTest(context=context):
                answer = self.opener.post(
                    self.base_url() + "/json/2/ir.attachment/create",
                    json={"vals_list": [self.forged(raw="of json")], "context": context},
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=60,
                )
                self.assertEqual(answer.status_code, 200, answer.text)
                self.assertEqual(len(self.new_rows()), 1)

    def test_by_an_action_that_runs_as_superuser(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "of a test",
                "model_id": self.env.ref("base.model_res_partner").id,
                "state": "code",
                "code": "env['ir.attachment'].sudo().create("
                "{'name': 'of an action', 'mimetype': 'application/pdf', 'raw': 'text'})",
                "groups_id" if "groups_id" in self.env["ir.actions.server"] else "group_ids": [
                    Command.link(self.env.ref("base.group_user").id)
                ],
            }
        )
        user = self.users["internal"]
        self.authenticate(user.login, user.login)
        for context in self.contexts():
            with self.subTest(context=context):
                params = {"action_id": action.id, "context": context}
                self.assertNotIn("error", self.json("/web/action/run", params))
                self.assertEqual(len(self.new_rows()), 1)

    def test_a_default_that_a_user_has_saved_decides_nothing(self):
        for name in ("store_fname", "checksum", "db_datas"):
            self.env["ir.default"].set("ir.attachment", name, self.secret)
        self.env["ir.attachment"].create({"name": "no content"})
        self.assertEqual(len(self.new_rows()), 1)

    def test_what_a_client_has_chosen_is_not_served(self):
        user = self.users["internal"]
        self.authenticate(user.login, user.login)
        for context in self.contexts():
            answer = self.json(
                "/web/dataset/call_kw/ir.attachment/create",
                {
                    "model": "ir.attachment",
                    "method": "create",
                    "args": [self.forged()],
                    "kwargs": {"context": context},
                },
            )
            served = self.url_open(f"/web/content/{answer['result']}")
            self.assertNotIn(SECRET, served.content)

    def test_server_code_chooses_as_superuser(self):
        for make in (
            lambda model: model.sudo().with_context(force_storage_key="chosen"),
            lambda model: model.with_user(api.SUPERUSER_ID).with_context(
                force_storage_key="chosen"
            ),
        ):
            model = make(self.env(user=self.users["internal"])["ir.attachment"])
            attachment = model.create(
                {"name": "a", "mimetype": "application/pdf", "raw": b"chosen"}
            )
            self.assertEqual(StoreUri.parse(attachment.store_fname).key, "chosen")
        for location in ("nowhere", "S3", "file "):
            with self.subTest(location), self.assertRaisesRegex(UserError, "not a place"):
                self.env["ir.attachment"].with_context(storage_location=location).create(
                    {"name": "a", "raw": b"x"}
                )

    def test_a_user_has_no_key_after_leaving_the_superuser(self):
        chosen = self.env["ir.attachment"].sudo().with_context(force_storage_key="chosen")
        left = chosen.with_user(self.users["internal"])
        self.assertNotIn("force_storage_key", left.env.context)
        self.assertNotIn("force_storage_key", left.sudo().env.context)
        self.assertEqual(left._at_location("db").env.context["storage_location"], "db")
        self.assertEqual(left._at_location("db")._storage(), "db")


def _call_kw_of_19():
    from odoo.service.model import call_kw

    return call_kw
