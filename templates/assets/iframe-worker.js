/* Stands in for Worker in pages opened from disk, where browsers allow none: Material's search runs in
 * a hidden frame. After iframe-worker by Martin Donath (MIT), which fills its frame by an inline script;
 * the page's policy holds in the frame too, and forbids that. Material's worker looks for its name;
 * Zensical listens by `onmessage`. */
(function () {
  "use strict";

  function message(data) { return new MessageEvent("message", { data: structuredClone(data) }); }

  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      var frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.inside = frame.contentWindow;
      this.inside.document.open(); // else Firefox puts another document into the frame
      this.inside.document.close();
      this.onmessage = null;
      this.terminate = () => { frame.remove(); };
      this.inside.postMessage = (data) => { this.tell(message(data)); };
      this.ready = new Promise((resolve) => this.run(url, resolve));
    }

    tell(event) {
      this.dispatchEvent(event);
      if (this.onmessage) this.onmessage(event);
    }

    run(url, done) {
      var script = this.inside.document.createElement("script");
      script.src = url;
      script.onload = done;
      this.inside.document.body.appendChild(script);
    }

    postMessage(data) {
      this.ready.then(() => { this.inside.dispatchEvent(message(data)); });
    }
  }

  if (location.protocol === "file:") window.Worker = window.IFrameWorker = IFrameWorker;
})();
