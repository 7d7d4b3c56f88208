// Keyboard: j/k next and previous entry, Enter opens it, / goes to the text filter, ? shows the keys. Forms work without any of it.
"use strict";
(() => {
  const entries = () => [...document.querySelectorAll("[data-entry]")];
  let place = -1;
  const go = (step) => {
    const all = entries();
    if (!all.length) return;
    const focused = all.findIndex((one) => one.contains(document.activeElement));
    place = Math.min(Math.max((focused >= 0 ? focused : place) + step, 0), all.length - 1);
    const target = all[place].querySelector("a, summary, button, input") || all[place];
    target.focus();
    all[place].scrollIntoView({ block: "nearest" });
  };
  const isTyping = (element) => element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) && element.type !== "checkbox");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "d") {
      const entry = document.activeElement && document.activeElement.closest("[data-entry]");
      const form = (entry && entry.querySelector("form.decide")) || document.querySelector("form.decide");
      const field = form && form.querySelector("input[type=radio]");
      if (!field) return;
      field.focus();
      form.scrollIntoView({ block: "center" });
    } else if (event.key === "/") {
      const field = document.querySelector("[data-text-filter]");
      if (!field) return;
      field.focus();
    } else if (event.key === "?") {
      const keys = document.getElementById("keys");
      if (!keys) return;
      keys.open = !keys.open;
      keys.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  });
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["x-csrf-token"] = document.body.dataset.csrf;
  });
})();
