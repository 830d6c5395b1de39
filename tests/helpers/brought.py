"""Packages that bring something by an entry point, installed by hand as pip would."""


def bring(folder, package, source, points, group="flower_audit.explainers", version="1.0"):
    """Put a package of one module and its metadata into a folder of ``sys.path``."""
    folder.mkdir(exist_ok=True)
    (folder / f"{package}.py").write_text(source, encoding="utf-8")
    info = folder / f"{package}-{version}.dist-info"
    info.mkdir()
    told = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    (info / "METADATA").write_text(told, encoding="utf-8")
    lines = [f"[{group}]", *(f"{key} = {place}" for key, place in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
