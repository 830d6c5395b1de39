/* Copies text, and tells whether it could. Browsers may refuse the clipboard to pages from disk: then the older way. */
window.FA_COPY = function (text, tell) {
  "use strict";

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
