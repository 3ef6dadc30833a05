#!/usr/bin/python3
"""validate.py spdx|cyclonedx|sarif|statement FILE...: checks documents against the official schemas beside this program, formats
of strings too, and what a schema cannot say: that identifiers are given once and every reference names one."""
import json
import os
import re
import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # RefResolver: what Debian 12's version has
import jsonschema  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return json.load(f)


def once(ids, what):
    ids = list(ids)
    double = {i for i in ids if ids.count(i) > 1} if len(ids) != len(set(ids)) else set()
    return [f"{what} twice: {i}" for i in sorted(double)], set(ids)


def spdx(doc):
    wrong, ids = once([p["SPDXID"] for p in doc["packages"]] + [doc["SPDXID"]], "SPDXID")
    wrong += [f"not an SPDXID: {i}" for i in ids if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i)]
    for r in doc["relationships"]:
        wrong += [f"no such element: {r[k]}" for k in ("spdxElementId", "relatedSpdxElement") if r[k] not in ids]
    extracted = {x["licenseId"] for x in doc.get("hasExtractedLicensingInfos", [])}
    for p in doc["packages"]:
        words = re.findall(r"LicenseRef-[A-Za-z0-9.-]+", p["licenseDeclared"])
        wrong += [f"no such license: {w}" for w in words if w not in extracted]
    if not re.fullmatch(r"https?://[^#\s]+", doc["documentNamespace"]):
        wrong.append("documentNamespace is no URI")
    return wrong


def cyclonedx(doc):
    refs = [c["bom-ref"] for c in [doc["metadata"]["component"]] + doc["components"] + doc.get("vulnerabilities", [])]
    wrong, refs = once(refs, "bom-ref")
    used = [d["ref"] for d in doc["dependencies"]] + [r for d in doc["dependencies"] for r in d["dependsOn"]]
    used += [a["ref"] for v in doc.get("vulnerabilities", []) for a in v["affects"]]
    return wrong + [f"no such component: {r}" for r in used if r not in refs]


def sarif(doc):
    wrong = []
    for run in doc["runs"]:
        rules = run["tool"]["driver"]["rules"]
        wrong += once([r["id"] for r in rules], "rule")[0]
        for r in run["results"]:
            if rules[r["ruleIndex"]]["id"] != r["ruleId"]:
                wrong.append(f"ruleIndex of {r['ruleId']} names another rule")
            for place in r["locations"]:
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                if not re.fullmatch(r"([A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri) or uri.startswith("/"):
                    wrong.append(f"not a relative URI: {uri}")
    return wrong


PREDICATES = {
    "https://slsa.dev/provenance/v1": "slsa-provenance-v1.schema.json",
    "https://in-toto.io/attestation/vulns/v0.2": "in-toto-vulns-v0.2.schema.json",
    "https://slsa.dev/verification_summary/v1": "slsa-vsa-v1.schema.json",
    "https://spdx.dev/Document": "spdx-2.3.schema.json",
}


def statement(doc):
    """The predicate, by the schema of its type."""
    name = PREDICATES.get(doc["predicateType"])
    if not name:
        return [f"no schema of {doc['predicateType']}"]
    schema, near = load(name), {"statement": load("in-toto-statement-v1.schema.json")}
    check = jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver("", schema, near))
    return [f"predicate/{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in check.iter_errors(doc["predicate"])]


KINDS = {
    "statement": ("in-toto-statement-v1.schema.json", jsonschema.Draft7Validator, statement),
    "spdx": ("spdx-2.3.schema.json", jsonschema.Draft7Validator, spdx),
    "cyclonedx": ("cyclonedx-bom-1.6.schema.json", jsonschema.Draft7Validator, cyclonedx),
    "sarif": ("sarif-2.1.0-rtm.5.schema.json", jsonschema.Draft4Validator, sarif),
}


def main(kind, *files):
    name, validator, more = KINDS[kind]
    schema = load(name)
    near = {"http://cyclonedx.org/schema/" + f: load("cyclonedx-" + f) for f in ("spdx.schema.json", "jsf-0.82.schema.json")}
    resolver = jsonschema.RefResolver(schema.get("$id", schema.get("id")), schema, near)
    check = validator(schema, resolver=resolver, format_checker=jsonschema.FormatChecker())
    wrong = 0
    for path in files:
        with open(path, encoding="utf-8") as f:
            doc = json.load(f)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in check.iter_errors(doc)]
        for e in errors or more(doc):
            print(f"{path}: {e}")
            wrong += 1
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
