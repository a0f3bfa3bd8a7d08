"""Resolve references by the short name of a public object.

See Also sections name what a user imports, such as ``check_sequences``. Sphinx looks such a name up
in the module of the page only.
"""


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


def setup(app):
    """Register the extension."""
    app.connect("missing-reference", resolve_short_name)
    return {"parallel_read_safe": True}
