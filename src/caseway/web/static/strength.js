// The strength of a new password in words, while it is typed. The server judges again.
(() => {
  const field = document.querySelector('input[autocomplete="new-password"]');
  const line = document.getElementById("password-help");
  if (!field || !line) return;
  const own = () =>
    ["email", "name"]
      .flatMap((name) => (document.getElementById(name)?.value ?? "").toLowerCase().split(/[\s@]+/))
      .filter((word) => word.length >= 4);
  const judge = (password) => {
    const missing = 12 - password.length;
    const plain = password.toLowerCase();
    const signs = new Set(plain).size;
    if (missing > 0) return [false, `Too short: ${missing} more character${missing > 1 ? "s" : ""}.`];
    if (signs < 5) return [false, "Easily guessed: choose something that is yours alone."];
    if (own().some((word) => plain.includes(word)))
      return [false, "It contains your name or address: leave them out."];
    return [true, password.length >= 18 && signs >= 8 ? "Strong." : "Good. A longer one is stronger."];
  };
  field.addEventListener("input", () => {
    const [good, words] = field.value ? judge(field.value) : [false, ""];
    line.textContent = words || "At least 12 characters. A short sentence is good.";
    line.classList.toggle("good", good);
    line.classList.remove("fault");
    if (good) field.removeAttribute("aria-invalid");
  });
})();
