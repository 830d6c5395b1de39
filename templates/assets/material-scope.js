/* What the bundles of Material and Zensical expect of the inline script at the head of their pages: a store of
 * choices, with keys under the site's root, which is the folder above this file's. */
(function () {
  "use strict";

  var root = window.__md_scope = new URL("..", document.currentScript.src);

  document.documentElement.setAttribute("data-platform", navigator.platform); // for Zensical's names of keys

  function key(name, scope) { return (scope || root).pathname + "." + name; }

  window.__md_get = function (name, store, scope) {
    return JSON.parse((store || localStorage).getItem(key(name, scope)));
  };

  window.__md_set = function (name, value, store, scope) {
    try { (store || localStorage).setItem(key(name, scope), JSON.stringify(value)); } catch (full) { /* forgotten */ }
  };
})();
