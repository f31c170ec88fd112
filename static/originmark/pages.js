// What HTML cannot: a choice that is sent as soon as it is made, a file dropped on its field, "/" to search, a menu that
// closes on Escape and where something else is clicked, an address that leaves out what was left empty, a key that is silent.
const submitOnChange = (form) => form.addEventListener("change", () => form.requestSubmit());

document.querySelectorAll("form[data-at-once]").forEach((form) => form.requestSubmit());
document.querySelectorAll("[data-submit-on-change]").forEach(submitOnChange);
document.documentElement.classList.add("with-script");

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  if (event.key === "/" && search && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    search.focus();
  }
});

const closeMenus = (but) => document.querySelectorAll(".menu-group[open]").forEach((menu) => {
  if (menu !== but) menu.open = false;
});
document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu-group")));
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".menu-group[open]");
  if (event.key !== "Escape" || !menu) return;
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  closeMenus(null);
});

// allauth would only write it to the console.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("key-silent").hidden = false;
});

document.querySelectorAll("[data-drop]").forEach((zone) => {
  const input = zone.querySelector("input[type=file]");
  for (const type of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", type === "dragover");
      if (type === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }
});

document.querySelectorAll("form[data-brief]").forEach((form) => {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
});

document.querySelectorAll("form[data-busy]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    const button = form.querySelector("button[type=submit]");
    if (event.submitter && event.submitter !== button) return;
    button.textContent = form.dataset.busy;
    button.classList.add("disabled");
  });
});
