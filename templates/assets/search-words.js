/* What is typed into the search, in words as the index has them: it parts "BG-Gap" at its hyphen. Left in
 * a query, a hyphen at the end of a word ("BG-", half typed) would find every page there is. */
(function () {
  "use strict";

  var QUERY = 2; // kind of Material's message
  var post = Worker.prototype.postMessage;

  Worker.prototype.postMessage = function (message) {
    var typed = message.type === QUERY && typeof message.data === "string"; // Zensical asks otherwise
    return post.call(this, typed ? { type: QUERY, data: message.data.replace(/(\S)-+/g, "$1 ") } : message);
  };
})();
