/* The colours chosen earlier, set before the page is painted; Material's bundle comes too late for that. */
(function () {
  "use strict";

  var palette = window.__md_get("__palette");
  Object.entries((palette && palette.color) || {}).forEach(function (pair) {
    document.body.setAttribute("data-md-color-" + pair[0], pair[1]);
  });
})();
