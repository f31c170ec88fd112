"use strict";

// Redoc writes its style sheets as it loads; the policy takes those that bear the number of this answer.
const { nonce } = document.currentScript.dataset;
const create = Document.prototype.createElement;
Document.prototype.createElement = function (name, ...rest) {
  const made = create.call(this, name, ...rest);
  if (made instanceof HTMLStyleElement) made.nonce = nonce;
  return made;
};
