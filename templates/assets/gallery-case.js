/* One case, close: layers under a slider, what interventions showed the model, numbers and reasons. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA;

  function element(tag, text, kind) {
    var made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function answer(i) {
    var right = data.label[i] === data.prediction[i];
    var line = [right ? "Rightly predicted " : "Wrongly predicted ",
      element("strong"), ", confidence " + gallery.percent(data.confidence[i])];
    line[1].appendChild(element("bdi", data.classes[data.prediction[i]]));
    if (!right) line.push("; it is ", element("bdi", data.classes[data.label[i]]));
    return line.concat(".");
  }

  /* The verdict's sentence as a list: a colon after its gist, semicolons between its parts. */
  function reasons(details) {
    return (details.reason || "").replace(": ", "; ").split("; ").filter(Boolean)
      .map(function (part) { return element("li", part); });
  }

  function scores(i, details) {
    return data.titles.map(function (title, k) {
      var row = element("tr"), heading = element("th", title);
      heading.scope = "row";
      row.appendChild(heading);
      if (data["mass" + k][i] === null && details.why && details.why[k]) {
        var why = element("td", "undefined: " + details.why[k], "fa-reason");
        why.colSpan = 4;
        row.appendChild(why);
        return row;
      }
      [gallery.percent(data["mass" + k][i]), gallery.signed(data["skill" + k][i]),
        gallery.percent(details.rank[k]), gallery.percent(details.pointing[k])].forEach(function (value) {
        row.appendChild(element("td", value));
      });
      return row;
    });
  }

  /* The name of a figure, which opens its definition. */
  function named(key, title) {
    var button = element("button", title, "fa-name");
    button.type = "button";
    button.setAttribute("popovertarget", "help-" + key);
    return button;
  }

  function facts(i, details) {
    var tested = !details.untested;
    var survival = details.survival === undefined ? "undefined" :
      Math.round(details.survival * details.donors / 1000) + " of " + details.donors;
    var found = [
      ["chance", "Chance (the " + data.subject + "'s area)", gallery.percent(data.chance[i])],
      ["background_share", "Background share", tested ? gallery.percent(data.share[i]) : details.untested],
      ["survival", "Other backgrounds that keep the answer", tested ? survival : ""],
      ["verdict_score", "Score (what accuses)", gallery.shown("score", i)],
      ["fragile_share", "Fragile", data.fragile[i] ? "yes: 3 px of the mask change the verdict" : "no"],
      ["term-not-asked", "Not asked", data.leftOut[details.leftOut]],
      ["term-mask", "Mask", data.masks[data.mask[i]] + (details.doubt ? "; doubtful: " + details.doubt : "")],
      ["term-planted", "Planted shortcut", details.shortcut || ""]
    ].concat(data.groups.map(function (column) {
      return ["term-group", column.title, column.of[i] < 0 ? "no value" : column.values[column.of[i]]];
    }));
    return found.filter(function (fact) { return fact[2]; }).map(function (fact) {
      var box = element("div"), title = element("dt");
      title.append(named(fact[0], fact[1]));
      box.append(title, element("dd", fact[2]));
      return box;
    });
  }

  /* `change` is called with what of the state the reader changes. */
  gallery.Close = function (dialog, change) {
    var shown = -1, stage = dialog.querySelector(".fa-stage"), ask = dialog.querySelector.bind(dialog);
    var outline = ask("[name=outline]"), region = ask("[name=region]"), slider = ask("[name=at]");

    /* The heat, or the mask, alone fades; grey below it and legend are there as long as there is heat. */
    function fade(at) {
      var hot = Number(at) > 0 && stage.querySelector(".fa-heat") !== null;
      ask(".fa-seen").style.setProperty("--fa-at", at / 100);
      stage.classList.toggle("fa-greyed", hot);
      ask(".fa-legend").hidden = !hot;
      ask("output").textContent = at + "%";
    }

    function picture(i, state) {
      var photo = gallery.layers(stage, i, state.over);
      fade(state.at);
      gallery.details(i, function (details) {
        if (shown !== i) return;
        photo.alt = gallery.words(i, state.over, details);
        region.disabled = !details.outline;
        var over = gallery.outlines(details, { mask: state.over === "mask" });
        over.classList.add("fa-faded");
        stage.append(over, gallery.outlines(details, { outline: outline.checked, region: region.checked }));
      });
    }

    function words(i) {
      var verdict = data.verdicts[data.verdict[i]];
      dialog.className = "fa-v-" + verdict.key;
      ask("#fa-case-name").textContent = data.name[i];
      ask(".fa-answer").replaceChildren.apply(ask(".fa-answer"), answer(i));
      var dot = element("span", undefined, "fa-dot fa-v-" + verdict.key);
      ask(".fa-verdict-line").replaceChildren(dot, verdict.title + (data.fragile[i] ? " (fragile)" : ""));
      var link = ask(".fa-class");
      link.href = data.pages[data.label[i]];
      link.replaceChildren("Class ", element("bdi", data.classes[data.label[i]]));
      gallery.details(i, function (details) {
        if (shown !== i) return;
        ask(".fa-reasons").replaceChildren.apply(ask(".fa-reasons"), reasons(details));
        ask(".fa-composites").replaceChildren.apply(ask(".fa-composites"), gallery.composites(i, details));
        ask(".fa-survives").textContent = gallery.survives(details);
        ask(".fa-swaps").replaceChildren.apply(ask(".fa-swaps"), gallery.swaps(i, details));
        ask(".fa-scores tbody").replaceChildren.apply(ask(".fa-scores tbody"), scores(i, details));
        ask(".fa-facts").replaceChildren.apply(ask(".fa-facts"), facts(i, details));
      });
    }

    /* Show case `i` at `place` of `order` as `state` asks for. */
    this.show = function (i, order, state) {
      var place = order.indexOf(i), isNew = shown !== i;
      shown = i;
      ask("[name=over][value=" + state.over + "]").checked = true;
      slider.value = state.at;
      outline.checked = state.lines.indexOf("outline") >= 0;
      region.checked = state.lines.indexOf("region") >= 0;
      ask(".fa-place").textContent = place < 0 ? "" : place + 1 + " of " + order.length.toLocaleString("en");
      ask("#fa-previous").disabled = place <= 0;
      ask("#fa-next").disabled = place < 0 || place === order.length - 1;
      if (isNew) { words(i); ask(".fa-copied").textContent = ""; }
      picture(i, state);
      if (!dialog.open) dialog.showModal();
      if (isNew) dialog.scrollTop = 0;
    };
    this.hide = function () { shown = -1; if (dialog.open) dialog.close(); };
    this.shown = function () { return shown; };

    dialog.addEventListener("input", function (event) {
      if (event.target === slider) fade(slider.value); // no picture need be drawn anew
    });
    dialog.addEventListener("change", function (event) {
      if (event.target === slider) change({ at: slider.value });
      else if (event.target.name === "over") change({ over: event.target.value });
      else change({ lines: [outline, region].filter(function (b) { return b.checked; }).map(function (b) { return b.name; }).join(" ") });
    });
  };
})();
