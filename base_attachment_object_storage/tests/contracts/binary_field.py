"""Fields of any model whose content is in the store: mixed in by each backend addon.

Content that cannot be read is an error of its record only, and is never stored.
"""

import base64
from contextlib import suppress

from odoo.tools import human_size, mute_logger

from ...core_patches import rendering
from ...store import Integrity, NotFound, Refused, StoreError, StoreUri
from ...upload.placement import PARAMETER
from ..attachment_setup import BASE_LOG, CORE_LOG, LOG, AttachmentSetUp, StoreCounter, noise

SIZES = ["image_1920", "image_1024", "image_512", "image_256", "image_128"]
WARNINGS = (LOG, BASE_LOG, CORE_LOG)


class RefusingStore(StoreCounter):
    """A store that refuses one key, like a store with an object of another account."""

    def __init__(self, store, calls, key):
        super().__init__(store, calls)
        self._key = key

    # pylint: disable-next=method-required-super
    def read(self, key):
        if key == self._key:
            raise Refused(f"{key}: forbidden")
        return self._store.read(key)


class BinaryFieldContract(AttachmentSetUp):
    """Partners with images, one of which is missing, damaged or refused."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, "{}")
        muted = mute_logger(*WARNINGS)
        muted.__enter__()
        self.addCleanup(muted.__exit__, None, None, None)

    def partners(self, count=4):
        """Return partners with different images that are all in the store."""
        image = base64.b64encode(noise((200, 200)))
        partners = self.env["res.partner"].create(
            [{"name": f"partner {number}", "image_1920": image} for number in range(count)]
        )
        for number, partner in enumerate(partners):
            partner.image_1920 = base64.b64encode(noise((200 + number, 200)))
        self.refresh()
        return partners

    def refresh(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def attachments_of(self, records, field="image_1920"):
        domain = [("res_model", "=", records._name), ("res_field", "=", field)]
        found = self.attachments.search([*domain, ("res_id", "in", records.ids)])
        self.assertEqual(len(found), len(records))
        self.assertTrue(all("://" in name for name in found.mapped("store_fname")))
        return found

    def sizes_of(self, partner):
        """Return the rows of an image in all sizes."""
        self.refresh()
        self.env.cr.execute(
            "SELECT res_field, store_fname, checksum, file_size FROM ir_attachment"
            " WHERE res_model = 'res.partner' AND res_id = %s ORDER BY res_field",
            (partner.id,),
        )
        return self.env.cr.fetchall()

    def damages(self):
        """Return functions that make content unreadable, with the error for its readers."""
        return {
            "missing": (self.lose_object, NotFound),
            "damaged": (self.damage_object, Integrity),
            "refused": (self.refuse_object, Refused),
        }

    def damage_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        self.make_store(uri.container).put(uri.key, b"other bytes")

    def refuse_object(self, attachment):
        key = StoreUri.parse(attachment.store_fname).key
        model = self.registry["ir.attachment"]
        stores = model._get_object_store

        def refusing(records, scheme, container=None):
            store = stores(records, scheme, container)
            return store and RefusingStore(store, [], key)

        self.patch(model, "_get_object_store", refusing)

    def each_damage(self):
        """Yield the error, a partner with an unreadable image, and three others, for each way."""
        model = self.registry["ir.attachment"]
        for damage, error in self.damages().values():
            partners = self.partners()
            stores = model._get_object_store
            damage(self.attachments_of(partners[1]))
            self.refresh()
            yield error, partners[1], partners - partners[1]
            self.patch(model, "_get_object_store", stores)
            self.refresh()

    def test_an_error_concerns_its_own_record(self):
        for error, bad, others in self.each_damage():
            partners = others[:1] + bad + others[1:]
            for partner in partners.with_prefetch(partners.ids):
                if partner == bad:
                    with self.assertRaises(error):
                        partner.mapped("image_1920")
                else:
                    self.assertTrue(partner.image_1920)

    def test_other_records_are_read_once_after_an_error(self):
        for _error, bad, others in self.each_damage():
            partners = bad + others
            with suppress(StoreError):
                bad.with_prefetch(partners.ids).mapped("image_1920")
            self.calls.clear()
            self.assertTrue(all(partner.image_1920 for partner in others))
            self.assertEqual(self.calls, [])

    def test_an_attachment_reads_beside_one_that_does_not(self):
        for error, bad, others in self.each_damage():
            attachments = self.attachments_of(bad + others).with_prefetch()
            unreadable = self.attachments_of(bad)
            for field in ("raw", "datas"):
                self.env.invalidate_all()
                for attachment in attachments:
                    if attachment == unreadable:
                        with self.assertRaises(error):
                            attachment.mapped(field)
                    else:
                        self.assertTrue(attachment[field])

    def lists_of(self, partners):
        """Return the calls that read partners with all fields, by name."""
        domain = [("id", "in", partners.ids)]
        fields = ["name", "image_1920", "avatar_1920"]
        model = self.env["res.partner"]
        lists = {
            "read": lambda: partners.read(fields),
            "read contents only": lambda: partners.read(["image_1920"]),
            "search_read": lambda: model.search_read(domain, fields),
        }
        if hasattr(model, "web_read"):
            specification = {name: {} for name in fields}
            lists["web_read"] = lambda: partners.web_read(specification)
            lists["web_search_read"] = lambda: model.web_search_read(domain, specification)[
                "records"
            ]
        return lists

    def test_a_list_shows_the_others(self):
        for _error, bad, others in self.each_damage():
            partners = bad + others
            for name, make in self.lists_of(partners).items():
                self.env.invalidate_all()
                with self.subTest(name):
                    rows = {row["id"]: row for row in make()}
                    self.assertEqual(set(rows), set(partners.ids))
                    self.assertTrue(all(rows[other.id]["image_1920"] for other in others))
                    self.assertFalse(rows[bad.id]["image_1920"])

    def test_lists_and_forms_with_sizes_show_all(self):
        fields = ["name", "image_1920", "avatar_1920"]
        for _error, bad, others in self.each_damage():
            partners = (bad + others).with_context(bin_size=True)
            self.assertEqual([row["id"] for row in partners.read(fields)], partners.ids)
            self.assertEqual([row["id"] for row in partners[0].read(fields)], bad.ids)
            domain = [("id", "in", partners.ids)]
            self.assertEqual(len(partners.search_read(domain, fields)), len(partners))

    def test_the_sizes_of_contents_are_known_without_the_store(self):
        partners = self.partners()
        sizes = {a.res_id: human_size(a.file_size) for a in self.attachments_of(partners)}
        self.refresh()
        self.calls.clear()
        rows = partners.with_context(bin_size=True).read(["image_1920"])
        self.assertEqual({row["id"]: row["image_1920"].decode() for row in rows}, sizes)
        self.assertEqual(self.calls, [])

    def test_one_record_is_read_or_refused(self):
        for error, bad, others in self.each_damage():
            self.assertTrue(others[0].read(["image_1920"])[0]["image_1920"])
            with self.assertRaises(error):
                bad.read(["image_1920"])

    def test_an_export_names_what_it_has_not_and_no_import_stores_it(self):
        for _error, bad, others in self.each_damage():
            partners = bad + others
            before = self.sizes_of(bad)
            paths = [".id", "name", "image_1920"]
            rows = partners.export_data(paths)["datas"]
            images = {int(row[0]): row[2] for row in rows}
            self.assertIn(images[bad.id], ("#ERROR!", b"#ERROR!"))
            self.assertTrue(all(len(images[other.id]) > 100 for other in others))
            texts = [[c.decode() if isinstance(c, bytes) else c for c in row] for row in rows]
            with mute_logger("odoo.models", "odoo.orm.models"):
                imported = self.env["res.partner"].load(paths, texts)
            self.assertTrue(imported["messages"])
            self.assertEqual(self.sizes_of(bad), before)

    def uses_of(self, bad, other):
        """Return the calls that would store the image of a partner again."""
        return {
            "copy": bad.copy,
            "another record": lambda: other.write({"image_1920": bad.image_1920}),
            "a new record": lambda: bad.create({"name": "new", "image_1920": bad.image_1920}),
            "an attachment": lambda: self.attachments.create(
                {"name": "new", "datas": bad.image_1920}
            ),
            "raw of an attachment": lambda: self.attachments.create(
                {"name": "new", "raw": self.attachments_of(bad).raw}
            ),
            "its own record": lambda: bad.write({"image_1920": bad.image_1920}),
        }

    def test_an_unreadable_image_is_copied_to_no_record(self):
        for error, bad, others in self.each_damage():
            other = others[0]
            before = self.sizes_of(bad), self.sizes_of(other)
            counts = self.env["res.partner"].search_count([]), self.attachments.search_count([])
            for name, use in self.uses_of(bad, other).items():
                with self.subTest(name), self.assertRaises(error), self.env.cr.savepoint():
                    use()
                self.env.invalidate_all()
                self.assertEqual((self.sizes_of(bad), self.sizes_of(other)), before)
            after = self.env["res.partner"].search_count([]), self.attachments.search_count([])
            self.assertEqual(after, counts)

    def test_others_are_copied(self):
        for _error, bad, others in self.each_damage():
            good = others[0].with_prefetch((bad + others).ids)
            copy = good.copy()
            self.refresh()
            self.assertEqual(copy.image_1920, good.image_1920)
            self.assertEqual(len(self.sizes_of(copy)), len(SIZES))

    def test_a_recomputation_leaves_what_was_made_of_it(self):
        for _error, bad, others in self.each_damage():
            before = self.sizes_of(bad)
            self.assertEqual(len(before), len(SIZES))
            partners = bad + others
            of_others = self.attachments_of(others, "image_512")
            of_others.unlink()
            for name in SIZES[1:]:
                self.env.add_to_compute(partners._fields[name], partners)
            self.refresh()
            self.assertEqual(self.sizes_of(bad), before)
            self.assertTrue(all(other.image_512 for other in others))

    def test_an_unreadable_image_can_be_replaced_and_removed(self):
        image = base64.b64encode(noise((210, 210)))
        for _error, bad, _others in self.each_damage():
            bad.image_1920 = image
            self.refresh()
            self.assertEqual(bad.image_1920, image)
            self.assertEqual(len(self.sizes_of(bad)), len(SIZES))
        for _error, bad, _others in self.each_damage():
            bad.image_1920 = False
            self.assertEqual(self.sizes_of(bad), [])

    def page_of(self, partners):
        """Return a page with the images of partners, or with letters if an image is missing."""
        view = self.env["ir.ui.view"].create(
            {
                "name": "images",
                "type": "qweb",
                "arch": """<t t-name="images"><t t-foreach="partners" t-as="partner">
                    <img t-if="partner.image_1920" src="image"/><i t-else="">none</i>
                    <img t-if="partner.avatar_1920" src="avatar"/></t></t>""",
            }
        )
        return str(self.env["ir.ui.view"]._render_template(view.id, {"partners": partners}))

    def test_a_page_shows_the_others_and_stores_nothing(self):
        for error, bad, others in self.each_damage():
            before = self.sizes_of(bad)
            page = self.page_of(bad + others)
            self.assertEqual((page.count('src="image"'), page.count("none")), (3, 1))
            self.assertGreaterEqual(page.count('src="avatar"'), 3)
            for name in ("image_1920", "avatar_1920"):
                with self.assertRaises(error):
                    bad.mapped(name)
            self.assertEqual(self.sizes_of(bad), before)

    def test_a_report_that_is_stored_needs_all_of_its_files(self):
        for error, bad, others in self.each_damage():
            with rendering.storing():
                self.assertEqual(self.page_of(others).count('src="image"'), 3)
                self.env.invalidate_all()
                with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
                    self.page_of(bad + others)
            causes = (caught.exception, caught.exception.__cause__)
            self.assertTrue(any(isinstance(cause, error) for cause in causes), causes)

    def test_an_icon_that_cannot_be_read_keeps_nobody_from_working(self):
        for _error, bad, _others in self.each_damage():
            menu = self.env["ir.ui.menu"].create({"name": "An app"})
            attachment = self.attachments_of(bad)
            attachment.write(
                {"res_model": "ir.ui.menu", "res_field": "web_icon_data", "res_id": menu.id}
            )
            self.refresh()
            self.registry.clear_cache()
            self.assertTrue(self.env["ir.ui.menu"].load_menus(False))
