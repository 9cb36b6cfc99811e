"""Small tars of pictures in the formats that there are, by Python's tarfile: tests/golden/tar.

    /usr/bin/python3 tests/golden/make_tar.py

The members are the same in all of them, in an order that is not that of their names; names that ustar cannot hold are
in the other two alone. They are also what fuzz_tar begins with.
"""
import io
import os
import tarfile

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "tar")
os.makedirs(folder, exist_ok=True)


def picture(name):
    with open(os.path.join(here, "pictures", name), "rb") as file:
        return file.read()


def add(archive, name, content=b"", kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mtime = 1000000000
    member.type = kind
    member.linkname = link
    archive.addfile(member, io.BytesIO(content))


for format_name, form in [("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)]:
    with tarfile.open(os.path.join(folder, format_name + ".tar"), "w", format=form,
                      pax_headers={"comment": "of the whole"} if form == tarfile.PAX_FORMAT else None,
                      encoding="utf-8", errors="surrogateescape") as archive:
        add(archive, "./dogs", kind=tarfile.DIRTYPE)
        add(archive, "./dogs/2.png", picture("grey.png"))
        add(archive, "cats/" + "a" * 90 + "/" + "b" * 80 + ".png", picture("rgb.png"))
        add(archive, "cats/1.png", b"no picture, and replaced below")
        add(archive, "dogs/a,\"b\"\nc \udcff.png", picture("alpha.png"))
        add(archive, "cats/1.png", picture("rgb.png"))
        add(archive, "cats/link.png", kind=tarfile.SYMTYPE, link="1.png")
        add(archive, "cats/same.png", kind=tarfile.LNKTYPE, link="cats/1.png")
        add(archive, "cats/fifo", kind=tarfile.FIFOTYPE)
        add(archive, "cats/._1.png", b"what a Mac adds")
        add(archive, "cats/empty.png")
        if form != tarfile.USTAR_FORMAT:
            add(archive, "dogs/" + "d" * 120 + "/" + "e" * 120 + ".png", picture("grey.png"))
            add(archive, "dogs/link.png", kind=tarfile.SYMTYPE, link="f" * 200)
