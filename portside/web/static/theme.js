// Sets the chosen colour theme before the first paint; a separate blocking file because pages carry no inline script.
(() => {
  try {
    const theme = localStorage.getItem("portside-theme");
    if (theme === "harbour" || theme === "nightwatch") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be refused (private windows, frames): the system's preference then decides.
  }
})();
