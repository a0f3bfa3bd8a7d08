// Check that the search of the built site finds the guide page of a word among its first three results.
//
// Run with `node docs/check_search.js docs/_build/html` after a build into an empty folder, because Sphinx drops the
// `.. index::` entries of unchanged pages in a second build. The words are those of readers who do not know ours. The
// script runs the search code of Sphinx on the site's index, without a browser.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

// A query -> the pages of the user guide, one of which has to be found.
const PAGES = {
  "attention": ["bodies", "sequence_to_sequence"],
  "categorical features": ["mixed_steps"],
  "churn": ["faq", "simpler"],
  "class imbalance": ["choosing_parameters", "faq", "training"],
  "deployment": ["forecasting", "production", "saving"],
  "export": ["production"],
  "GPU": ["speed"],
  "GridSearchCV": ["tuning"],
  "LSTM": ["cells", "recurrent_networks"],
  "many-to-one": ["four_shapes"],
  "missing values": ["missing_values"],
  "multi-label": ["targets"],
  "overfitting": ["choosing_parameters", "training"],
  "padding": ["data_shapes"],
  "prediction interval": ["forecasting"],
  "save": ["saving"],
  "seq2seq": ["sequence_to_sequence"],
  "static features": ["static_features"],
  "vanishing gradient": ["why_gradients_vanish"],
  "video": ["bodies", "faq"],
};
const N_RESULTS = 3;

// What the search code expects of a page, before its files and after them.
const BEFORE = `
  const _ready = () => {}, _ = (text) => text, SPHINX_HIGHLIGHT_ENABLED = false;
  const window = globalThis, document = { getElementById: () => null };
`;
const AFTER = `
  ;(query) => Search._performSearch(...Search._parseQuery(query)).reverse();
`;

// Return a function from a query to its results, best first, each [page, title, anchor, description, score, ...].
function searchOf(site) {
  const names = ["_static/searchtools.js", "_static/language_data.js", "searchindex.js"];
  const code = names.map((name) => fs.readFileSync(path.join(site, name), "utf8"));
  return vm.runInNewContext([BEFORE, ...code, AFTER].join("\n"));
}

function main(site) {
  const search = searchOf(site);
  let failed = 0;
  for (const [query, pages] of Object.entries(PAGES)) {
    const found = search(query).slice(0, N_RESULTS).map(([page]) => page);
    const isFound = pages.some((page) => found.includes(`user_guide/${page}`));
    failed += !isFound;
    console.log(`${isFound ? "found" : "NOT FOUND"}: ${query}: ${found.join(", ")}`);
  }
  return failed;
}

process.exit(main(process.argv[2]) ? 1 : 0);
