/* Copies text, and says on the button that was asked whether it could. */
(function () {
  "use strict";

  /* Browsers may refuse the clipboard to pages from disk: then the older way. */
  window.FA_COPY = function (text, tell) {
    function older() {
      var field = document.createElement("textarea");
      field.value = text;
      (document.querySelector("dialog[open]") || document.body).appendChild(field);
      field.select();
      var copied = document.execCommand("copy");
      field.remove();
      tell(copied);
    }
    if (!navigator.clipboard) return older();
    navigator.clipboard.writeText(text).then(function () { tell(true); }, older);
  };

  /* A button that copies what `text` returns. */
  window.FA_COPIER = function (title, text) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", function () {
      window.FA_COPY(text(), function (copied) {
        button.textContent = copied ? "Copied" : "Not copied";
        setTimeout(function () { button.textContent = title; }, 2000);
      });
    });
    return button;
  };

  document.querySelectorAll("pre.fa-commands").forEach(function (commands) {
    var tools = document.createElement("div");
    tools.className = "fa-tools";
    // Without a line break at the end, by which a terminal would run it at once.
    tools.append(window.FA_COPIER("Copy", function () { return commands.textContent.trim(); }));
    commands.before(tools);
  });
})();
