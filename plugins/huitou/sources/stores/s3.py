"""S3 and whatever speaks as it does, by the client that pyarrow brings along."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow import fs

from huitou.errors import UserError

TIMEOUT_SECONDS = 20
ATTEMPTS = 3


class S3Files(ArrowFSWrapper):  # type: ignore[misc]
    """A bucket. Without a key the credentials are those that AWS' own tools would find."""

    protocol = "s3"

    def __init__(
        self,
        key: str | None = None,
        secret: str | None = None,
        token: str | None = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        anon: bool = False,
        **unknown: Any,
    ) -> None:
        if unknown:
            allowed = "key, secret, token, endpoint_url, region, anon"
            raise UserError(f"fsspec's settings for s3 hold {sorted(unknown)[0]!r}. Allowed are: {allowed}.")
        options: dict[str, Any] = {}
        if endpoint_url:
            url = urlsplit(str(endpoint_url))
            options = {"endpoint_override": url.netloc, "scheme": url.scheme}
            # Asking such a store for the bucket's region would ask Amazon.
            region = region or "us-east-1"
        if region:
            options["region"] = region
        if key:
            options |= {"access_key": str(key), "secret_key": str(secret or ""), "session_token": token}
        super().__init__(
            fs.S3FileSystem(
                anonymous=bool(anon),
                connect_timeout=TIMEOUT_SECONDS,
                request_timeout=TIMEOUT_SECONDS,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
                **options,
            )
        )

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: Any
    ) -> Any:
        """Everything below ``path`` by one flat listing: a call a thousand objects, not a call a folder."""
        root = self._strip_protocol(path).rstrip("/")
        entries = [
            self._make_entry(info)
            for info in self.fs.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
        ]
        found = {
            entry["name"]: entry
            for entry in sorted(entries, key=lambda entry: str(entry["name"]))
            if (withdirs or entry["type"] == "file")
            and (maxdepth is None or entry["name"].removeprefix(root).strip("/").count("/") < maxdepth)
        }
        return found if detail else list(found)
