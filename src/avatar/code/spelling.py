"""Other spellings of the same literal: 255 and 0xff, "ab" and 'a' 'b'."""

import ast
import random


def number(text: str, rng: random.Random) -> str:
    """Another spelling of a number token with the same value and type, or `text` if there is none."""
    value = ast.literal_eval(text)
    choices: list[str] = []
    if type(value) is int:
        choices = [str(value)]
        if value >= 8:
            choices.append(hex(value))
        if value >= 1000:
            choices.append(f"{value:_}")
    elif type(value) is float:
        plain = repr(value)
        choices = [plain, f"{plain}e0"] if "e" not in plain and plain not in ("inf", "nan") else [plain]
        if plain.endswith(".0"):
            choices.append(plain[:-1])
        if plain.startswith("0.") and plain != "0.0":
            choices.append(plain[1:])
    choices = [choice for choice in choices if choice != text and ast.literal_eval(choice) == value]
    return rng.choice(choices) if choices else text


def string(text: str, rng: random.Random) -> str:
    """A string token in the other quotes, or split in two strings; f-strings and triple quotes do not change."""
    quote = text[-1]
    prefix = text[: text.index(quote)].lower()
    if set(prefix) - set("rb") or text.endswith(quote * 3):
        return text
    value: str | bytes = ast.literal_eval(text)
    other = "'" if quote == '"' else '"'
    if len(value) >= 6 and rng.random() < 0.4:
        cut = rng.randrange(2, len(value) - 1)
        spelled = f"{_quoted(value[:cut], other)} {_quoted(value[cut:], quote)}"
    else:
        spelled = _quoted(value, other)
    return spelled if ast.literal_eval(spelled) == value else text


def _quoted(value: str | bytes, quote: str) -> str:
    plain = repr(value)
    prefix = "b" if isinstance(value, bytes) else ""
    used, inner = plain[-1], plain[len(prefix) + 1 : -1]
    if used == quote:
        return plain
    inner = inner.replace(f"\\{used}", used).replace(quote, f"\\{quote}")
    return f"{prefix}{quote}{inner}{quote}"
