"""Resolve references by the short name of a public object, and link the names of the changelog.

See Also sections name what a user imports, such as ``check_sequences``. Sphinx looks such a name up
in the module of the page only. The changelog is Markdown, which is also read without Sphinx, so its
names are plain code.
"""

import re

from docutils import nodes
from sphinx.util.nodes import make_refnode


def public_objects(objects, name):
    """Return the full names of the documented objects whose name ends with a short name.

    Parameters
    ----------
    objects : iterable of str
        All documented names.
    name : str
        A name without a module, or a name and a method: ``RNNClassifier.fit``.
    """
    return [full for full in objects if full.startswith("skrnn.") and full.endswith(f".{name}")]


def resolve_short_name(app, env, node, contnode):
    """Resolve a Python reference by its short name, if only one object has it."""
    if node.get("refdomain") != "py":
        return None
    domain = env.get_domain("py")
    name = node["reftarget"].removeprefix("skrnn.")
    found = public_objects(domain.objects, name)
    if len(found) != 1:
        return None
    role = node["reftype"] if node["reftype"] != "attr" else "obj"
    arguments = env, node.get("refdoc", ""), app.builder, role, found[0], node, contnode
    return domain.resolve_xref(*arguments)


def named_object(text):
    """Return the name of the object that code such as ``RNNClassifier(cell="gru")`` begins with."""
    found = re.match(r"(?:skrnn\.)?([A-Za-z_][\w.]*)(?:\(.*\))?$", text)
    return found[1] if found else None


def link_changelog(app, doctree, docname):
    """Link each public name of the changelog to its page."""
    if docname != "changelog":
        return
    objects = app.env.get_domain("py").objects
    for literal in list(doctree.findall(nodes.literal)):
        name = named_object(literal.astext())
        found = public_objects(objects, name) if name else []
        if len(found) == 1 and not isinstance(literal.parent, nodes.reference):
            entry = objects[found[0]]
            arguments = app.builder, docname, entry.docname, entry.node_id, literal.deepcopy()
            literal.replace_self(make_refnode(*arguments, title=found[0]))


def setup(app):
    """Register the extension."""
    app.connect("doctree-resolved", link_changelog)
    app.connect("missing-reference", resolve_short_name)
    return {"parallel_read_safe": True}
