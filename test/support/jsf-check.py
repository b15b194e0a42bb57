"""Takes a JSON document with a signature apart, with a canonical form of its own (RFC 8785): writes what was signed, the signature and its certificates."""
import base64, json, sys


def number(value):
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(value).partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    e = point - 1
    return sign + digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + "e" + ("+" if e >= 0 else "-") + str(abs(e))


def text(value):
    names = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(names.get(c) or ("\\u%04x" % ord(c) if c < " " else c) for c in value) + '"'


def canonical(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(text(name) + ":" + canonical(value[name]) for name in names) + "}"


def decode(value):
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


with open(sys.argv[1], encoding="utf-8-sig") as file:
    document = json.load(file)
value = decode(document["signature"].pop("value"))
out = sys.argv[2]
open(out + ".signed", "wb").write(canonical(document).encode())
open(out + ".der", "wb").write(decode(document["signature"]["certificatePath"][0]))
algorithm = document["signature"]["algorithm"]
if algorithm.startswith("ES"):
    def integer(half):
        half = half.lstrip(b"\0") or b"\0"
        half = b"\0" + half if half[0] > 127 else half
        return b"\x02" + bytes([len(half)]) + half
    body = integer(value[: len(value) // 2]) + integer(value[len(value) // 2 :])
    value = b"\x30" + (bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])) + body
open(out + ".signature", "wb").write(value)
print(algorithm)
