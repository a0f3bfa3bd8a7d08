"""Small data in the formats that the loaders read: film reviews and tagged sentences."""

import csv

import pandas as pd

# Texts that must not be changed by writing them to a table and reading them again.
REVIEWS = {
    "train/neg/0_3.txt": 'Dull, "so" dull.<br /><br />Never again',
    "train/neg/2_1.txt": "NA",
    "train/neg/10_4.txt": " line\r\nends\rof\nall\x85systems ",
    "train/pos/0_9.txt": "été 😀",
    "train/pos/1_10.txt": "NA",
    "train/pos/12_7.txt": "",
    "test/neg/5_2.txt": "bad",
    "test/pos/4_8.txt": "old\rMac",
}
TRAIN = [text for name, text in REVIEWS.items() if name.startswith("train")]
TEST = [text for name, text in REVIEWS.items() if name.startswith("test")]
CONLLU = """\
# sent_id = a
# text = Il va au bois.
1\tIl\til\tPRON\t_\t_\t2\tnsubj\t_\t_
2\tva\taller\tVERB\t_\t_\t0\troot\t_\t_
3-4\tau\t_\t_\t_\t_\t_\t_\t_\t_
3\tà\tà\tADP\t_\t_\t5\tcase\t_\t_
4\tle\tle\tDET\t_\t_\t5\tdet\t_\t_
5\tbois\tbois\tNOUN\t_\t_\t2\tobl\t_\tSpaceAfter=No
5.1\tet\tet\tCCONJ\t_\t_\t_\t_\t_\t_
6\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_

# text = 10 000
1\t10 000\t10000\tNUM\t_\t_\t0\troot\t_\t_
"""


def write_tree(folder):
    for name, text in REVIEWS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (folder / "train" / "urls_neg.txt").write_text("not a review")
    (folder / "train" / "neg" / "notes.txt").write_text("not a review")


def write_csv(folder, suffix):
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"train": [], "test": []}
    for name, text in reversed(REVIEWS.items()):
        subset, label, file = name.split("/")
        number, rating = file.removesuffix(".txt").split("_")
        rows[subset].append((int(label == "pos"), int(rating), int(number), text))
    for subset, of_subset in rows.items():
        table = pd.DataFrame(of_subset, columns=["label", "rating", "id", "text"])
        table.to_csv(folder / f"imdb_{subset}{suffix}", index=False, quoting=csv.QUOTE_NONNUMERIC)


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
