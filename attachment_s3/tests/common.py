"""The S3 server that the tests use: the one of the environment."""

from ..settings import S3Settings, s3_settings
from ..store import S3Store


class S3SetUp:
    """Mixed into a test case; skips aloud where no server is named."""

    scheme = "s3"

    def setUp(self):
        self.settings = self.environment()
        self.authorities = self.settings.ca_bundle or True
        if not (self.settings.endpoint and self.settings.access_key and self.settings.bucket):
            self.skipTest(
                "no S3 server: set AWS_HOST, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
                "AWS_BUCKETNAME"
            )
        self.bucket = self.settings.bucket.replace("{db}", "test")
        self.other_container = f"{self.bucket}-other"
        self.make_store().create_container()
        super().setUp()

    def environment(self):
        return s3_settings()

    def make_store(self, container=None):
        return S3Store(self.settings, container or self.bucket)

    def settings_with(self, **values):
        """Return the settings of the environment with other values."""
        by_alias = {
            field.alias: getattr(self.settings, name)
            for name, field in S3Settings.model_fields.items()
        }
        return S3Settings(**{**by_alias, **values})
