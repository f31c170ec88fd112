"use strict";

// Redoc shows its maker's logo from its maker's server; this page asks nobody else for anything.
const images = HTMLImageElement.prototype;
images.setAttribute = function (name, value) {
  if (name !== "src" || value.startsWith("data:") || new URL(value, location).origin === location.origin) {
    Element.prototype.setAttribute.call(this, name, value);
  }
};
Object.defineProperty(images, "src", {
  get() {
    return this.getAttribute("src") ?? "";
  },
  set(value) {
    this.setAttribute("src", value);
  },
});

const place = document.getElementById("redoc");
// Its search would need a worker made of a text, which the Content-Security-Policy forbids.
Redoc.init(place.dataset.schema, { disableSearch: true, hideDownloadButton: true }, place);
