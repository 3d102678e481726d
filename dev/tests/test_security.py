"""The rights that ``docs/security.md`` gives to Odoo: all works with them, and no more does."""

import json
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from support.documented import Document
from support.production import Production

from dev.manifests import manifests
from dev.services.seaweedfs import SeaweedFS
from dev.settings import child_environment
from dev.stack import Stack

PAGE = Document.page("security")
BUCKET = "acme-odoo-prod"
OTHER = "other-odoo-prod"
NEW = "new-odoo-prod"
MIB = 1024 * 1024

USE = """
import json
values = {"name": "limited", "mimetype": "application/pdf"}
model = env["ir.attachment"]
mine = model.create([{**values, "raw": b"file %d" % n} for n in range(5)])
large = model.create({**values, "raw": b"large" * 2_500_000})
env.cr.commit()
env.invalidate_all()
read = [one.raw for one in mine] == [b"file %d" % n for n in range(5)]
read_large = large.raw == b"large" * 2_500_000
names = {one.store_fname.rsplit("/", 3)[0] for one in [*mine, large]}
mine[0].write({"raw": b"rewritten"})
(mine[1:] + large).unlink()
env.cr.commit()
print("ANSWER " + json.dumps([read, read_large, sorted(names)]))
"""


def use(production: Production, variables: Mapping[str, str], scheme: str) -> None:
    """Install, check, read, write, delete, collect and reconcile."""
    name, variables = production.name, dict(variables)
    report = production.answer(name, variables, "install", "--kind", scheme)
    assert report["attachments"]["moved"] > 0 and not report["attachments"]["failed"], report
    assert production.answer(name, variables, "check")["ok"]
    assert production.shell(name, USE, variables) == [True, True, [f"{scheme}://{BUCKET}"]]
    assert production.answer(name, variables, "reconcile")["missing"] == 0
    collected = production.answer(name, variables, "collect", "--days=0")
    assert collected["deleted"] == 6 and not collected["failed"], collected


@pytest.fixture
def production(stack: Stack) -> Iterator[Production]:
    name = f"limited-{uuid.uuid4().hex[:8]}"
    own = {**stack.variables("acme"), "ODOO_SESSION_REDIS_PREFIX": "acme-odoo-prod"}
    with stack.database(name, list(manifests()), own) as data:
        yield Production(stack, name, data, proxy=None)


# --- S3


def client(server: SeaweedFS, user: str) -> Any:
    variables = server.env(user)
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=variables["AWS_REGION"],
        aws_access_key_id=user,
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def server(stack: Stack, tmp_path: Path) -> Iterator[SeaweedFS]:
    """An S3 server whose user "limited" has the documented policy, and two buckets."""
    [policy] = [block for block in PAGE.blocks if block.language == "json"]
    identities = {
        "admin": {"actions": ["Admin", "Read", "Write", "List", "Tagging"]},
        "limited": {"actions": [], "policyNames": ["documented"]},
    }
    configuration = {
        "identities": [
            {
                "name": name,
                "credentials": [{"accessKey": name, "secretKey": secrets.token_urlsafe(16)}],
                **rights,
            }
            for name, rights in identities.items()
        ],
        "policies": [{"name": "documented", "content": policy.text}],
    }
    server = SeaweedFS(tmp_path / "seaweedfs", stack.seaweedfs.program)
    server.directory.mkdir()
    (server.directory / "s3.json").write_text(json.dumps(configuration))
    server.start()
    for bucket in (BUCKET, OTHER):
        client(server, "admin").create_bucket(Bucket=bucket)
        client(server, "admin").put_object(Bucket=bucket, Key="kept", Body=b"kept")
    yield server
    server.stop()


OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]}
EXPIRED = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
FORBIDDEN: dict[str, Callable[[Any], Any]] = {
    "delete the bucket": lambda s3: s3.delete_bucket(Bucket=BUCKET),
    "create a bucket": lambda s3: s3.create_bucket(Bucket=NEW),
    "give a bucket a policy": lambda s3: s3.put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps(OPEN)
    ),
    "publish the bucket": lambda s3: s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read"),
    "publish an object": lambda s3: s3.put_object_acl(
        Bucket=BUCKET, Key="kept", ACL="public-read"
    ),
    "switch versioning": lambda s3: s3.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
    ),
    "have objects expire": lambda s3: s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [EXPIRED]}
    ),
    "list another bucket": lambda s3: s3.list_objects_v2(Bucket=OTHER),
    "read in another bucket": lambda s3: s3.get_object(Bucket=OTHER, Key="kept"),
    "write in another bucket": lambda s3: s3.put_object(Bucket=OTHER, Key="new", Body=b"new"),
    "delete in another bucket": lambda s3: s3.delete_object(Bucket=OTHER, Key="kept"),
}


def test_the_suite_works_with_the_documented_s3_policy_and_can_do_no_more(
    production: Production, server: SeaweedFS
) -> None:
    variables = {
        **production.stack.variables("acme"),
        **server.env("limited"),
        "AWS_BUCKETNAME": BUCKET,
        # the large file goes in parts
        "AWS_MULTIPART_THRESHOLD": str(5 * MIB),
        "AWS_MULTIPART_CHUNKSIZE": str(5 * MIB),
    }
    use(production, variables, "s3")

    limited, admin = client(server, "limited"), client(server, "admin")
    upload = limited.create_multipart_upload(Bucket=BUCKET, Key="parts")
    limited.abort_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload["UploadId"])
    for what, attempt in FORBIDDEN.items():
        with pytest.raises(ClientError) as caught:
            attempt(limited)
            pytest.fail(f"it can {what}")
        assert caught.value.response["Error"]["Code"] == "AccessDenied", what
    assert admin.get_object(Bucket=OTHER, Key="kept")["Body"].read() == b"kept"
    assert [bucket["Name"] for bucket in limited.list_buckets()["Buckets"]] == [BUCKET]
    # each of these is refused for want of the right alone
    admin.delete_object(Bucket=OTHER, Key="kept")
    admin.delete_bucket(Bucket=OTHER)


# --- Swift


@pytest.fixture
def container(stack: Stack) -> Iterator[str]:
    """The container with the documented ACL, made by its project's owner."""
    owner, limited = (stack.swift.keystone.accounts[name] for name in ("odoo", "limited"))
    variables = {
        **swift_login(stack, "odoo"),
        "PROJECT_ID": owner["project_id"],
        "USER_ID": limited["user_id"],
        "SWIFT_TEMP_URL_KEY": "signs",
    }
    documented = [line for line in PAGE.commands if line.startswith("swift ")]
    assert len(documented) == 3
    for line in documented:
        swift(line, variables)
    swift(f"swift post {OTHER}", variables)
    yield BUCKET
    for name in (BUCKET, OTHER):
        swift(f"swift delete {name}", variables)


def swift_login(stack: Stack, user: str) -> dict[str, str]:
    account = stack.swift.keystone.accounts[user]
    return {
        "OS_AUTH_URL": stack.swift.keystone.url,
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": user,
        "OS_PASSWORD": account["password"],
        "OS_PROJECT_NAME": account["project"],
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
    }


def swift(line: str, variables: Mapping[str, str]) -> str:
    """Run a command of python-swiftclient as a shell would."""
    path = f"{Path(sys.executable).parent}:{child_environment()['PATH']}"
    environment = child_environment(**{**variables, "PATH": path})
    done = subprocess.run(
        ["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# (method, path below the account, headers)
FORBIDDEN_IN_SWIFT: list[tuple[str, str, dict[str, str]]] = [
    ("DELETE", f"/{BUCKET}", {}),
    ("PUT", f"/{NEW}", {}),
    ("POST", f"/{BUCKET}", {"X-Container-Read": ".r:*"}),
    ("POST", f"/{BUCKET}", {"X-Container-Meta-Temp-URL-Key": "mine"}),
    ("GET", "", {}),
    ("POST", "", {"X-Account-Meta-Colour": "red"}),
    ("GET", f"/{OTHER}", {}),
    ("PUT", f"/{OTHER}/new", {}),
]


def test_the_suite_works_with_the_documented_swift_acl_and_can_do_no_more(
    production: Production, stack: Stack, container: str
) -> None:
    variables = {
        **stack.variables("acme"),
        **stack.swift.env("limited"),
        "SWIFT_WRITE_CONTAINER": container,
        # the large file goes in segments
        "SWIFT_SEGMENT_SIZE": str(5 * MIB),
    }
    use(production, variables, "swift")

    statuses = {}
    for user in ("limited", "odoo"):
        storage_url, token = swift_session(stack, user)
        # last the commands that change most: the owner really runs all of them
        for method, path, headers in reversed(FORBIDDEN_IN_SWIFT):
            statuses[(user, method, path, *headers)] = status_of(
                method, storage_url + path, {"X-Auth-Token": token, **headers}
            )
    assert status_of("DELETE", f"{storage_url}/{NEW}", {"X-Auth-Token": token}) == 204
    refused = {status for (user, *_what), status in statuses.items() if user == "limited"}
    assert refused == {403}, statuses
    allowed = {status for (user, *_what), status in statuses.items() if user == "odoo"}
    # 409: the container is not empty
    assert allowed <= {200, 201, 202, 204, 409}, statuses


def swift_session(stack: Stack, user: str) -> tuple[str, str]:
    output = swift("swift auth", swift_login(stack, user))
    found = dict(line.removeprefix("export ").split("=", 1) for line in output.splitlines())
    return found["OS_STORAGE_URL"], found["OS_AUTH_TOKEN"]


def status_of(method: str, url: str, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
