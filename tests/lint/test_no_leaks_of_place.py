"""No file of the tree says where it was written: no machine's folders, no host that serves packages."""

import re

import lint

# In pieces, so that this file doesn't find itself.
FOLDERS = r"(?<![\w.~$}*-])/" + r"(?:home|root|work|Users)/[\w.]"
JOBS = "bash" + "_jobs"
HOSTS = r"https?://[\w.-]*(?:" + r"registry|proxy|index|files|mirror|pypi|npmjs|crates)\.[\w-]"
HOSTS += "|" + r"(?:pypi|pythonhosted|npmjs)\.(?:org|com)|deb\." + r"debian\.org"
PLACES = re.compile("|".join((FOLDERS, JOBS, HOSTS)))


def check(root):
    found = []
    for path in lint.files(root):
        text = (root / path).read_bytes()
        if b"\0" in text[:8000]:
            continue
        for number, line in enumerate(text.decode(errors="replace").splitlines(), 1):
            place = PLACES.search(line)
            if place:
                found.append(f"{path}:{number}: {place[0]}")
    return found


lint.run(
    check,
    bad=[
        ({"a.c": "x\n/* see /" + "home/ana/x */\n"}, "a.c:2"),
        ({"a.sh": "cd /" + "work/tree\n"}, "a.sh:1"),
        ({"a.md": "in (/" + "root/.cache)\n"}, "a.md:1"),
        ({"a.txt": "--index-url https://" + "registry.example.net/simple\n"}, "a.txt:1"),
        ({"a.txt": "https://files." + "example.net/x.whl\n"}, "a.txt:1"),
        ({"a.txt": "pip install from py" + "pi.org\n"}, "a.txt:1"),
    ],
    good=[{"a.c": "/* ~/home/x, /tmp/x, core/root/x, https://www.mongodb.com/docs/ */\n", "b.sh": 'cd "$x/work/y"\n'}],
)
