"""A buffer that is freed on every way out of its scope is initialised before the first of them: else what is freed is
whatever stood on the stack, and neither the compiler nor the address sanitizer says so."""

import re

import lint

DECLARED = re.compile(r"MIG_AUTOBUF struct mig_buf (\w+);|struct mig_buf (\w+) MIG_AUTOBUF;")
LEAVES = re.compile(r"\b(return|continue|break|goto)\b")
LOOKED_AT = 40  # lines behind the declaration


def check(root):
    findings = []
    for path in lint.files(root, ".c"):
        lines = lint.code_of((root / path).read_text()).split("\n")
        for number, line in enumerate(lines, 1):
            declared = DECLARED.search(line)
            if not declared:
                continue
            name = declared[1] or declared[2]
            for later, text in enumerate(lines[number : number + LOOKED_AT], number + 1):
                if re.search(rf"&{name}\b", text):
                    break
                if LEAVES.search(text):
                    findings.append(f"{path}:{later}: left before \"{name}\" of line {number} is initialised")
                    break
    return findings


GOOD = "void f(void)\n{\n    MIG_AUTOBUF struct mig_buf b;\n    mig_buf_init(&b, 9);\n    if (x)\n        return;\n}\n"
BAD = "void f(void)\n{\n    struct mig_buf b MIG_AUTOBUF;\n    if (x)\n        return;\n    mig_buf_init(&b, 9);\n}\n"
lint.run(check, bad=[({"core/a.c": BAD}, 'core/a.c:5: left before "b" of line 3')], good=[{"core/a.c": GOOD}])
