// Menus of dashboard variables; the server returns the options, the URL holds the values.
const ALL = "$__all";
const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);

export class Picker {
  constructor(element, changed) {
    this.element = element;
    this.name = element.dataset.name;
    this.multi = element.dataset.multi === "true";
    this.all = element.dataset.all === "true";
    this.value = JSON.parse(element.dataset.value);
    this.changed = changed;
    this.options = [];
    this.write();
    element.addEventListener("toggle", () => element.open && this.list());
  }

  set({ options, value, error }) {
    this.error = error;
    if (options) this.options = options;
    if (value) this.value = value;
    this.write();
    if (this.element.open) this.list();
  }

  write() {
    const texts = this.value.map((one) => (one === ALL ? "All" : (this.options.find((option) => option.value === one)?.text ?? one)));
    this.element.querySelector("b").textContent = texts.join(" + ") || "none";
  }

  list() {
    const sheet = this.element.querySelector(".sheet");
    if (this.error || !(this.options.length || this.all)) {
      return void sheet.replaceChildren(make("span", { className: "none", textContent: this.error ?? "no options yet" }));
    }
    const listed = [...(this.all ? [{ value: ALL, text: "All" }] : []), ...this.options];
    sheet.replaceChildren(...listed.map((option) => this.line(option)));
  }

  line({ value, text }) {
    const box = make("input", { type: this.multi ? "checkbox" : "radio", checked: this.value.includes(value) });
    box.addEventListener("change", () => this.choose(value, box.checked));
    const label = make("label");
    label.append(box, text);
    return label;
  }

  choose(value, chosen) {
    if (!this.multi || value === ALL) this.value = [value];
    else if (chosen) this.value = [...this.value.filter((one) => one !== ALL), value];
    else this.value = this.value.filter((one) => one !== value);
    if (!this.value.length) this.value = this.all ? [ALL] : [value];
    if (!this.multi) this.element.open = false;
    this.write();
    this.list();
    this.changed();
  }
}

// One menu is open at a time; a click elsewhere or Escape closes it.
export function closeMenus() {
  const menus = () => document.querySelectorAll("details.menu[open], details.picker[open]");
  document.addEventListener("click", (event) => menus().forEach((menu) => menu.contains(event.target) || (menu.open = false)));
  document.addEventListener("keydown", (event) => event.key === "Escape" && menus().forEach((menu) => (menu.open = false)));
}
