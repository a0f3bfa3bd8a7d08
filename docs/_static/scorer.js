/* A search finds the user guide first: its pages explain a word, others mention it. */
var Scorer = {
  score: function (result) {
    const [docname, title, anchor, description, score] = result;
    if (docname === "user_guide/glossary") return score;
    if (docname.startsWith("user_guide/")) return score + 6;
    if (/^(changelog|contributing|benchmarks|reliability|decisions)/.test(docname)) return score - 4;
    return score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
