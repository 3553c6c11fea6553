"""Is a request to S3 signed and checksummed as S3 wants it? The other side of weir's signer, and of nothing else: written from
AWS's documentation ("Authenticating Requests: Using the Authorization Header", "Checking object integrity"), it shares neither
code nor golden values with lib/aws. Standard library only.
"""
import base64
import datetime
import hashlib
import hmac
import re
import zlib
from urllib.parse import unquote_to_bytes

UNSIGNED = "UNSIGNED-PAYLOAD"
SKEW_MAX_S = 15 * 60


class Refused(Exception):
    """An answer that says no: status, S3's error code, and why (for the test's log)."""

    def __init__(self, status, code, why, ours=True):
        super().__init__(f"{status} {code}: {why}")
        self.status, self.code, self.why = status, code, why
        self.ours = ours  # a mistake of the client; not so for a clock or a region that a fault has moved


# ---- checksums ----

REVERSED = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))
CRC64NVME = (1 << 64) | 0xAD93D23594C93659  # not reflected, with its leading term


def poly_multiply(a, b):
    """Over GF(2): b has few bits, a may be huge."""
    product = 0
    while b:
        low = b & -b
        product ^= a << (low.bit_length() - 1)
        b ^= low
    return product


def poly_mod(a, p=CRC64NVME):
    while a.bit_length() >= p.bit_length():
        a ^= p << (a.bit_length() - p.bit_length())
    return a


def poly_power(n, p=CRC64NVME):
    """x**n mod p"""
    result, square = 1, 2
    while n:
        if n & 1:
            result = poly_mod(poly_multiply(result, square), p)
        square = poly_mod(poly_multiply(square, square), p)
        n >>= 1
    return result


def crc64nvme(data):
    """The checksum as an int. A message is one huge polynomial here, which is folded in half until it is short: what would be
    a loop over bytes is then a few shifts of long integers."""
    bits = 8 * len(data)
    a = (int.from_bytes(bytes(data).translate(REVERSED), "big") << 64) ^ (((1 << 64) - 1) << bits)
    n = bits + 64
    while n > 512:
        k = n // 2
        high, a = a >> k, a & ((1 << k) - 1)
        a ^= poly_multiply(high, poly_power(k))
        n = a.bit_length()
    rest = poly_mod(a).to_bytes(8, "big").translate(REVERSED)
    return int.from_bytes(rest, "little") ^ ((1 << 64) - 1)


def checksum(name, data):
    """base64 of what x-amz-checksum-NAME holds"""
    if name == "crc64nvme":
        raw = crc64nvme_kept(data).to_bytes(8, "big")
    elif name == "crc32":
        raw = zlib.crc32(data).to_bytes(4, "big")
    elif name in ("sha1", "sha256"):
        raw = hashlib.new(name, data).digest()
    else:
        return None
    return base64.b64encode(raw).decode()


KEPT = {}


def crc64nvme_kept(data):
    """The same parts come again and again in a campaign; a hash is cheaper than the sum."""
    key = hashlib.sha256(data).digest()
    if key not in KEPT:
        if len(KEPT) > 10000:
            KEPT.clear()
        KEPT[key] = crc64nvme(data)
    return KEPT[key]


# ---- Signature Version 4 ----

SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


def encode(raw, keep=b""):
    return "".join(chr(c) if c in SAFE or c in keep else f"%{c:02X}" for c in raw)


def canonical_query(raw):
    pairs = []
    for piece in raw.split("&") if raw else []:
        name, _, value = piece.partition("=")
        if encode(unquote_to_bytes(name)) != name or encode(unquote_to_bytes(value)) != value:
            raise Refused(403, "SignatureDoesNotMatch", f"query not in its canonical encoding: {piece}")
        pairs.append((name, value))
    return "&".join(f"{n}={v}" for n, v in sorted(pairs))


AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([a-z0-9-]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$")


def verify_signature(request, credentials, region, now_s, service="s3"):
    """request has method, raw_path, raw_query, headers (lower case names -> values). Raises Refused. Returns the payload hash
    that was signed."""
    headers = request.headers
    m = AUTHORIZATION.match(headers.get("authorization", ""))
    if not m:
        raise Refused(403, "AccessDenied", "no authorization header, or one that cannot be read")
    access, day, signed_region, signed_service, names, signature = m.groups()
    if access not in credentials:
        raise Refused(403, "InvalidAccessKeyId", access)
    secret, token = credentials[access]
    if headers.get("x-amz-security-token") != token:
        raise Refused(403, "InvalidToken", "the session token is not the one of these credentials")
    date = headers.get("x-amz-date", "")
    try:
        at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    except ValueError:
        raise Refused(403, "AccessDenied", f"x-amz-date: {date}") from None
    if date[:8] != day:
        raise Refused(403, "AccessDenied", "x-amz-date and the credential's scope are different days")
    signed = names.split(";")
    if signed != sorted(set(signed)):
        raise Refused(403, "SignatureDoesNotMatch", f"signed headers out of order: {names}")
    must = {"host"} | {h for h in headers if h.startswith("x-amz-")} | {h for h in ("content-md5", "content-type") if h in headers}
    if must - set(signed):
        raise Refused(403, "AccessDenied", f"headers that are not signed: {sorted(must - set(signed))}")
    payload = headers.get("x-amz-content-sha256")
    if payload is None and service != "s3":
        payload = hashlib.sha256(b"").hexdigest()  # of a request without a body
    if payload is None:
        raise Refused(400, "MissingSecurityHeader", "x-amz-content-sha256")
    if encode(unquote_to_bytes(request.raw_path), b"/") != request.raw_path:
        raise Refused(403, "SignatureDoesNotMatch", f"path not in its canonical encoding: {request.raw_path}")
    for name in signed:
        if name not in headers:
            raise Refused(403, "SignatureDoesNotMatch", f"signed, but not sent: {name}")
    canonical = "\n".join([
        request.method, request.raw_path, canonical_query(request.raw_query),
        "".join(f"{n}:{' '.join(headers[n].split())}\n" for n in signed), names, payload])
    scope = f"{day}/{signed_region}/{signed_service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()])
    key = f"AWS4{secret}".encode()
    for piece in (day, signed_region, signed_service, "aws4_request"):
        key = hmac.new(key, piece.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), signature):
        raise Refused(403, "SignatureDoesNotMatch", f"{request.method} {request.raw_path}?{request.raw_query}")
    if signed_service != service:
        raise Refused(403, "SignatureDoesNotMatch", f"service {signed_service}, expected {service}")
    # Only now: a wrong signature is the client's mistake whatever else is wrong.
    if abs(at - now_s) > SKEW_MAX_S:
        raise Refused(403, "RequestTimeTooSkewed", f"{date} against {int(now_s)}", ours=False)
    if signed_region != region:
        raise Refused(400, "AuthorizationHeaderMalformed", f"region {signed_region}, expected {region}", ours=False)
    return payload


def verify_body(request, payload, body, tls, want_checksum):
    """The body against everything that the headers say of it. Returns {algorithm: base64} of the checksums sent."""
    if payload == UNSIGNED:
        if not tls:
            raise Refused(403, "AccessDenied", "an unsigned payload over plain HTTP")
    elif payload != hashlib.sha256(body).hexdigest():
        raise Refused(400, "XAmzContentSHA256Mismatch", f"{request.method} {request.raw_path}: {payload[:16]}, {len(body)} bytes")
    sums = {}
    for name, value in request.headers.items():
        if name.startswith("x-amz-checksum-") and name not in ("x-amz-checksum-type", "x-amz-checksum-mode", "x-amz-checksum-algorithm"):
            sums[name[len("x-amz-checksum-"):]] = value
    if want_checksum:  # of these bytes; on CompleteMultipartUpload the header speaks of the object
        for name, value in sums.items():
            right = checksum(name, body)
            if value != right:
                raise Refused(400, "BadDigest", f"x-amz-checksum-{name}: {value}, it is {right}")
        if payload == UNSIGNED and not sums and "content-md5" not in request.headers:
            raise Refused(400, "InvalidRequest", "neither a payload hash nor a checksum")
    md5 = request.headers.get("content-md5")
    if md5 is not None and md5 != base64.b64encode(hashlib.md5(body).digest()).decode():
        raise Refused(400, "BadDigest", "content-md5")
    return sums
