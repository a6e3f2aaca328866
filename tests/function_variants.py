"""One function in each language, and the ways in which it comes to us."""

import re

METHODS = {
    "java": """@Override
public int weigh(int[] parts, String name) {
    int total = 0; // so far
    for (int part : parts) {
        if (part > 0 && !name.isEmpty()) {
            total += part * 2;
        }
    }
    return total;
}
""",
    "c": """static int weigh(const int *parts, int count)
{
    int total = 0; /* so far */
    for (int i = 0; i < count; i++) {
        if (parts[i] > 0) {
            total += parts[i] * 2;
        }
    }
    return total;
}
""",
    "cpp": """template <class T>
T weigh(const std::vector<T>& parts) {
    T total = 0; // so far
    for (const T& part : parts) {
        if (part > 0) {
            total += part * 2;
        }
    }
    return total;
}
""",
    "python": """@cached
def weigh(self, parts, name=":"):
    total = 0  # so far
    for part in parts:
        if part > 0 and name:
            total += part * 2
    return total  # weighed
""",
    "javascript": """async function weigh(parts, name) {
    let total = 0; // so far
    for (const part of parts) {
        if (part > 0 && name) {
            total += part * 2;
        }
    }
    return total;
}
""",
    "typescript": """async function weigh(parts: number[], name: string) {
    let total = 0; // so far
    for (const part of parts) {
        if (part > 0 && name) {
            total += part * 2;
        }
    }
    return total;
}
""",
    "tsx": """async function weigh(parts: number[], name?: string) {
    let total = 0; // so far
    for (const part of parts) {
        if (part > 0 && name) {
            total += part * 2;
        }
    }
    return total;
}
""",
    "go": """func weigh(parts []int, name string) int {
    var total = 0 // so far
    for _, part := range parts {
        if part > 0 && name != "" {
            total += part * 2
        }
    }
    return total
}
""",
    "rust": """pub fn weigh<'a>(parts: &'a [i32], name: &str) -> i32 {
    let mut total = 0; // so far
    for part in parts {
        if *part > 0 && !name.is_empty() {
            total += part * 2;
        }
    }
    total
}
""",
    "csharp": """[Cached]
public int weigh(int[] parts, string name) {
    int total = 0; // so far
    foreach (int part in parts) {
        if (part > 0 && name != "") {
            total += part * 2;
        }
    }
    return total;
}
""",
    "kotlin": """fun weigh(parts: List<Int>, name: String): Int {
    var total = 0 // so far
    for (part in parts) {
        if (part > 0 && name != "") {
            total += part * 2
        }
    }
    return total
}
""",
    "php": """function weigh(array $parts, string $name = ":") {
    $total = 0; // so far
    foreach ($parts as $part) {
        if ($part > 0 && $name != "") {
            $total += $part * 2;
        }
    }
    return $total;
}
""",
    "ruby": """def weigh(parts, name = ":")
    total = 0 # so far
    parts.each do |part|
        if part > 0 && name
            total += part * 2
        end
    end
    total
end
""",
}
"""At the left margin, indented by 4 spaces, without a docstring."""

COMMENTS = dict.fromkeys(("python", "ruby"), ("# Weighs parts.\n", "# The end.\n"))
SURROUNDINGS = {
    "java": ("class Scales {\n", "}\n"),
    "cpp": ("namespace scales {\n", "}\n"),
    "python": ("class Scales:\n", ""),
    "javascript": ("if (scales) {\n", "}\n"),
    "typescript": ("namespace scales {\n", "}\n"),
    "tsx": ("namespace scales {\n", "}\n"),
    "rust": ("mod scales {\n", "}\n"),
    "csharp": ("class Scales {\n", "}\n"),
    "kotlin": ("class Scales {\n", "}\n"),
    "php": ("<?php\nclass Scales {\n", "}\n"),
    "ruby": ("class Scales\n", "end\n"),
}
"""What stands around a function that is indented; C and Go have nothing of the kind."""


def indented(text: str, margin: str = "    ") -> str:
    return re.sub(r"(?m)^(?=.)", margin, text)


def tabbed(text: str) -> str:
    return re.sub(r"(?m)^(?: {4})+", lambda found: "\t" * (len(found.group()) // 4), text)


def cut_from_its_class(text: str) -> str:
    """As people select it: from the first word on, the other lines at the margin of the class."""
    return indented(text).lstrip().rstrip("\n")


def commented(text: str, language: str) -> str:
    before, after = COMMENTS.get(language, ("/**\n * Weighs parts.\n */\n// Mind the gap.\n", "// The end.\n"))
    return before + text + after


def documented(text: str) -> str:
    """A docstring of two lines behind the Python header."""
    return re.sub(r"(?m)^def .*:\n", lambda found: found.group() + '    """Weighs parts.\n\n    All."""\n', text)


def variants(text: str, language: str) -> dict[str, str]:
    """The same function as it may come; all must get one answer."""
    found = {
        "line feeds": text,
        "line ends of Windows": text.replace("\n", "\r\n"),
        "line ends of old Macs": text.replace("\n", "\r"),
        "byte order mark": "\ufeff" + text,
        "all of Windows": "\ufeff" + text.replace("\n", "\r\n"),
        "tabs": tabbed(text),
        "no last line end": text.rstrip("\n"),
        "blank lines around": "\n\n" + text + "\n \n",
        "spaces at line ends": text.replace("\n", "  \n"),
        "no-break spaces": text.replace("    ", "\u00a0 \u00a0 "),
        "zero-width space": text.replace("total", "\u200btotal", 1),
        "comments around": commented(text, language),
    }
    if language in SURROUNDINGS:
        found |= {
            "margin": indented(text),
            "margin of tabs": tabbed(indented(text)),
            "cut from its class": cut_from_its_class(text),
            "cut from its class, tabs": tabbed(cut_from_its_class(text)),
        }
    return found


def in_a_file(text: str, language: str) -> str:
    """A file that holds the function as it came, inside its class where it is indented."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff\n").rstrip().split("\n")
    if language not in SURROUNDINGS or not lines[-1][:1].isspace() or (language == "python" and lines[0][0] != " "):
        return text
    before, after = SURROUNDINGS[language]
    if lines[0][0] not in " \t":  # cut from its class: back to where it was
        text = ("\t" if lines[-1][0] == "\t" else "    ") + text
    return before + text + "\n" + after
