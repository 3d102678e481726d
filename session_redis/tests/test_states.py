"""Sessions in any interleaving of requests, log-outs and earlier forms, against a simple model.

The model: an id authenticates from its log-in until its identifier or itself has ended, and never
again. Two servers share a Redis; a request may keep a session that it has read for any time, so it
may decide by an old state.
"""

import json
import os
import tempfile
import time
from dataclasses import dataclass, field

from odoo import http
from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from ..migrate import Migration
from ..serialization.compression import compress
from ..serialization.payload import Stamp, with_envelope
from ..serialization.tagged_json import encode
from .rotation import CAN_ROTATE_SOFTLY, NoUser
from .store_case import StoreCase

try:
    from hypothesis import HealthCheck, settings, strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        precondition,
        rule,
        run_state_machine_as_test,
    )
except ImportError:
    st = None

UID = 2


@dataclass
class Device:
    """The ids of a browser that share their identifier; ``alive`` are those that authenticate."""

    alive: set[str] = field(default_factory=set)
    known: list[str] = field(default_factory=list)
    next_ids: dict[str, str] = field(default_factory=dict)
    # it began with a release before 3.0, or in a file
    has_old_key: bool = False
    has_file: bool = False
    is_of_3_0_0: bool = False
    # a log-out or a revocation, and no mere expiry
    was_ended: bool = False


@dataclass
class Request:
    """A session in the hands of a server since it was read."""

    store: object
    session: object
    sid: str
    device: Device


if st is not None:
    servers = st.integers(0, 1)
    places = st.integers(0, 1000)

    class Machine(RuleBasedStateMachine):
        """The requests of two servers, which are stores of ``case``."""

        case: StoreCase

        def __init__(self):
            super().__init__()
            self.stores = [self.case.store, self.case.other]
            self.folder = tempfile.TemporaryDirectory()
            self.files = http.FilesystemSessionStore(
                self.folder.name, session_class=http.Session, renew_missing=True
            )
            self.devices = []
            self.requests = []
            self.count = 0

        def teardown(self):
            self.check(0)
            self.folder.cleanup()

        # Beginnings

        @rule(server=servers)
        def log_in(self, server):
            store = self.stores[server]
            session = store.new()
            session.update(http.get_default_session())
            store.save(session)
            session.update({"uid": UID, "login": "x", "db": "x", "create_time": time.time()})
            store.rotate(session, NoUser())
            self.add(session.sid)

        @rule()
        def log_in_at_a_release_before_3(self):
            sid = self.stores[0].generate_key()
            self.add(sid).has_old_key = True
            self.write_old_key(sid)

        @rule()
        def log_in_with_files(self):
            session = self.files.new()
            session.update(self.values(session.sid))
            self.files.save(session)
            moment = time.time() - 100
            os.utime(self.files.get_session_filename(session.sid), (moment, moment))
            device = self.add(session.sid)
            device.has_file = True
            # until it is copied
            device.alive.clear()

        # Requests

        @precondition(lambda self: self.devices)
        @rule(server=servers, place=places, which=places)
        # pylint: disable-next=method-required-super
        def read(self, server, place, which):
            device = self.pick(self.devices, place)
            if device.has_file:
                return
            sid = self.pick(device.known, which)
            store = self.stores[server]
            session = store.get(sid)
            assert bool(session.get("uid")) == (sid in device.alive), "it has another state"
            # as core does with the session of a cookie that Redis does not know
            session.sid = sid
            self.requests.append(Request(store, session, sid, device))

        @precondition(lambda self: self.requests)
        @rule(place=places)
        def save(self, place):
            request = self.pick(self.requests, place)
            self.count += 1
            request.session["count"] = self.count
            request.store.save(request.session)

        @precondition(lambda self: CAN_ROTATE_SOFTLY and self.requests)
        @rule(place=places)
        def rotate_softly(self, place):
            request = self.take(place)
            session, device = request.session, request.device
            if not session.get("uid"):
                return
            request.store.rotate(session, NoUser(), soft=True)
            if request.sid not in device.alive:
                assert session.sid == request.sid, "a session that has ended got another id"
                return
            expected = device.next_ids.setdefault(request.sid, session.sid)
            assert session.sid == expected, "two next ids"
            if expected not in device.known:
                device.known.append(expected)
                device.alive.add(expected)

        @precondition(lambda self: CAN_ROTATE_SOFTLY and self.devices)
        @rule(server=servers, place=places, which=places)
        def delete_old_sessions(self, server, place, which):
            device = self.pick(self.devices, place)
            sid = self.pick(device.known, which)
            session = self.stores[server].get(sid)
            if "gc_previous_sessions" in session and "next_sid" not in session:
                session["create_time"] -= 1000
                self.stores[server].delete_old_sessions(session)
                device.alive &= {sid}

        @precondition(lambda self: self.requests)
        @rule(place=places)
        def get_another_id(self, place):
            """Log in again, as the same user."""
            request = self.take(place)
            if not request.session.get("uid"):
                return
            was_alive = request.sid in request.device.alive
            request.store.rotate(request.session, NoUser())
            device = self.add(request.session.sid)
            if was_alive:
                self.end(request.device)
            else:
                device.alive.clear()

        # Ends

        @precondition(lambda self: self.requests)
        @rule(place=places)
        def log_out(self, place):
            request = self.take(place)
            session = request.session
            was_a_user = bool(session.get("uid"))
            session.clear()
            session.update(http.get_default_session())
            request.store.rotate(session, NoUser())
            assert not request.store.get(session.sid).get("uid")
            if was_a_user:
                self.end(request.device)

        @precondition(lambda self: self.devices)
        @rule(server=servers, place=places)
        def revoke(self, server, place):
            device = self.pick(self.devices, place)
            if HAS_IDENTIFIERS:
                self.stores[server].delete_from_identifiers([device.known[0][:42]])
                self.end(device)

        @precondition(lambda self: self.requests)
        @rule(place=places)
        def delete(self, place):
            request = self.pick(self.requests, place)
            if request.session.get("uid"):
                request.store.delete(request.session)
                self.end(request.device)

        @precondition(lambda self: self.devices)
        @rule(place=places, which=places)
        def expire(self, place, which):
            """Delete the key of a session, like Redis does when its time has passed."""
            device = self.pick(self.devices, place)
            sid = self.pick(device.known, which)
            if self.case.redis.delete(self.key(sid)):
                device.alive.discard(sid)

        @precondition(lambda self: HAS_IDENTIFIERS and self.devices)
        @rule(place=places)
        def evict_the_index(self, place):
            device = self.pick(self.devices, place)
            # 3.0.0 could lose an index, and its sessions are taken over without
            if device.is_of_3_0_0:
                return
            if self.case.redis.delete(self.case.store.keys.index(device.known[0])):
                device.alive.clear()

        # Earlier forms

        @precondition(lambda self: self.devices)
        @rule(place=places)
        def save_at_a_release_before_3(self, place):
            """A request of a front-end that knows nothing of this one."""
            device = self.pick(self.devices, place)
            if device.was_ended or device.has_old_key:
                self.write_old_key(device.known[0])

        @precondition(lambda self: self.devices)
        @rule(place=places)
        def save_at_release_3_0_0(self, place):
            device = self.pick(self.devices, place)
            sid = device.known[-1]
            is_alive = sid in device.alive and sid not in device.next_ids
            if device.was_ended or (is_alive and self.case.redis.exists(self.key(sid))):
                body = encode(self.values(sid))
                payload = compress(with_envelope(body, Stamp(int(time.time()), 1000)))
                self.case.redis.set(self.key(sid), payload, ex=1000)
                device.is_of_3_0_0 = True

        @rule(server=servers)
        def migrate(self, server):
            Migration(self.stores[server]).copy_files(self.folder.name)
            for device in self.devices:
                if device.has_file and not device.was_ended:
                    device.alive.add(device.known[0])
                device.has_file = False

        # The model

        @rule(server=servers)
        def check(self, server):
            store = self.stores[server]
            for device in self.devices:
                for sid in device.known:
                    session = store.get(sid)
                    assert bool(session.get("uid")) == (sid in device.alive), "another state"
                    if session.get("uid") and HAS_IDENTIFIERS and len(sid) > 42:
                        assert self.case.redis.hexists(store.keys.index(sid), sid[42:]), "no index"

        def add(self, sid):
            device = Device(alive={sid}, known=[sid])
            self.devices.append(device)
            return device

        def end(self, device):
            device.alive.clear()
            device.was_ended = True

        def pick(self, choices, place):
            return choices[place % len(choices)]

        def take(self, place):
            """Return a request that ends with this."""
            return self.requests.pop(place % len(self.requests))

        def key(self, sid):
            return f"session:{self.case.prefix}:{sid}"

        def values(self, sid):
            token = f"token of {sid}"
            values = {"uid": UID, "login": "x", "db": "x", "session_token": token}
            return {**http.get_default_session(), **values, "create_time": time.time()}

        def write_old_key(self, sid):
            payload = json.dumps(self.values(sid))
            self.case.redis.set(f"session::{self.case.prefix}:{sid}", payload, ex=1000)


@tagged("-at_install", "post_install")
class TestStates(StoreCase, BaseCase):
    def test_no_interleaving_brings_a_session_back_or_loses_one(self):
        if st is None:
            self.skipTest("no hypothesis: pip install hypothesis")
        self.other = self.new_store()
        run_state_machine_as_test(
            type("Servers", (Machine,), {"case": self}),
            settings=settings(
                max_examples=60,
                stateful_step_count=30,
                database=None,
                deadline=None,
                suppress_health_check=HealthCheck,
                report_multiple_bugs=False,
            ),
        )
