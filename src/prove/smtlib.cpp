#include "prove/smtlib.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.hpp"

namespace rlsproof::prove {

// Writes formulas of one script: what is used more than once gets a name, outside of all quantifiers by define-fun,
// inside by a let at the innermost one that binds something in it.
class Writer {
public:
    // `most`: how many formulas may get a name.
    Writer(const Script &script, size_t most)
        : script_(script), f_(script.f_), uses_(most), depths_(most), placed_(most), names_(most) {}

    void count(Id id) {
        if (++uses_[(size_t)id] > 1) return;
        const Formulas::Item &item = f_.at(id);
        for (size_t i = item.op == Op::exists || item.op == Op::for_all ? 1 : 0; i < item.parts.size(); i++)
            count(item.parts[i]);
    }

    // Names what is shared. Quantifiers are met outermost first here, so that depths are known inside.
    void place(Id id) {
        if (placed_[(size_t)id]) return;
        placed_[(size_t)id] = true;
        f_.tick();
        const Formulas::Item &item = f_.at(id);
        if (item.op == Op::exists || item.op == Op::for_all) {
            int depth = 1;
            for (const Id variable : item.free) depth = std::max(depth, depths_[(size_t)variable] + 1);
            depths_[(size_t)item.parts[0]] = depth;
            place(item.parts[1]);
        } else {
            for (const Id part : item.parts) place(part);
        }
        if (item.parts.empty() || uses_[(size_t)id] < 2) return;
        int scope = -1, depth = 0;
        for (const Id variable : item.free)
            if (depths_[(size_t)variable] > depth) {
                depth = depths_[(size_t)variable];
                scope = variable;
            }
        shared_[scope].push_back(id); // parts come before what they are parts of
    }

    std::string definitions() {
        std::string text;
        for (const Id id : shared_[-1]) {
            if (!names_[(size_t)id].empty()) continue;
            std::string written;
            write(id, written);
            const std::string &name = names_[(size_t)id] = "d" + std::to_string(++named_);
            text.append("(define-fun ").append(name).append(" () ").append(script_.sort(f_.at(id).sort));
            text.append(" ").append(written).append(")\n");
        }
        return text;
    }

    void write(Id id, std::string &text) {
        if ((size_t)id < names_.size() && !names_[(size_t)id].empty()) {
            text += names_[(size_t)id];
            return;
        }
        f_.tick();
        const Formulas::Item &item = f_.at(id);
        switch (item.op) {
        case Op::yes:
        case Op::no: text += item.text; return;
        case Op::variable: text += variable(id); return;
        case Op::numeral:
            text += item.text[0] == '-' ? fmt::format("(- {})", item.text.substr(1)) : std::string(item.text);
            return;
        case Op::conjunction: return with("and", item, text);
        case Op::disjunction: return with("or", item, text);
        case Op::negation: return with("not", item, text);
        case Op::equal: return with("=", item, text);
        case Op::less: return with("<", item, text);
        case Op::if_else: return with("ite", item, text);
        case Op::to_real: return with("to_real", item, text);
        case Op::apply:
            if (!item.parts.empty()) return with(script_.symbol(item.text), item, text);
            text += script_.symbol(item.text);
            return;
        case Op::exists:
        case Op::for_all: return quantified(item, text);
        }
    }

private:
    std::string variable(Id id) const {
        return script_.numbered_ ? "v" + std::to_string(id) : std::string(f_.at(id).text);
    }

    void with(std::string_view head, const Formulas::Item &item, std::string &text) {
        text += '(';
        text += head;
        for (const Id part : item.parts) {
            text += ' ';
            write(part, text);
        }
        text += ")";
    }

    void quantified(const Formulas::Item &item, std::string &text) {
        const Id bound = item.parts[0];
        text.append(item.op == Op::exists ? "(exists ((" : "(forall ((").append(variable(bound));
        text.append(" ").append(script_.sort(f_.at(bound).sort)).append(")) ");
        size_t open = 0;
        std::vector<Id> here;
        if (const auto found = shared_.find(bound); found != shared_.end())
            for (const Id id : found->second) {
                if (id == item.parts[1]) continue;
                std::string written;
                write(id, written);
                names_[(size_t)id] = "l" + std::to_string(++named_);
                here.push_back(id);
                text.append("(let ((").append(names_[(size_t)id]).append(" ").append(written).append(")) ");
                open++;
            }
        write(item.parts[1], text);
        text += std::string(open, ')') + ")";
        for (const Id id : here) names_[(size_t)id].clear();
    }

    const Script &script_;
    const Formulas &f_;
    std::vector<int> uses_, depths_;
    std::vector<bool> placed_;
    std::map<Id, std::vector<Id>> shared_; // by the variable whose scope they belong to, -1 for none
    std::vector<std::string> names_;
    int named_ = 0;
};

Script::Script(const Formulas &formulas, Names names) : f_(formulas), numbered_(names == Names::numbered) {
    if (!numbered_) return;
    int number = 0;
    for (const auto &[sort, comment] : f_.sorts()) sorts_.emplace(sort, "S" + std::to_string(number++));
    number = 0;
    symbols_.reserve(f_.order().size());
    for (const Symbol *symbol : f_.order()) symbols_.emplace(symbol->name, "s" + std::to_string(number++));
}

std::string_view Script::sort(std::string_view declared) const {
    const auto found = sorts_.find(declared);
    return found == sorts_.end() ? declared : found->second; // Bool, Int and Real are nobody's
}

std::string_view Script::symbol(std::string_view declared) const {
    return numbered_ ? symbols_.at(declared) : declared;
}

std::string Script::declarations() const {
    std::string text;
    const auto end = [&](const std::string &comment) {
        if (!numbered_ && !comment.empty()) text += " ; " + text::flat(comment);
        text += '\n';
    };
    for (const auto &[declared, what] : f_.sorts()) {
        text.append("(declare-sort ").append(sort(declared)).append(" 0)");
        end(what);
    }
    for (const Symbol *made : f_.order()) {
        text.append("(declare-fun ").append(symbol(made->name)).append(" (");
        for (size_t i = 0; i < made->from.size(); i++) text.append(i > 0 ? " " : "").append(sort(made->from[i]));
        text.append(") ").append(sort(made->to)).append(")");
        end(made->comment);
    }
    return text;
}

Script::Written Script::write(const std::vector<Assertion> &list) const {
    Writer writer(*this, f_.size());
    for (const Assertion &a : list) writer.count(a.formula);
    for (const Assertion &a : list) writer.place(a.formula);
    Written written{writer.definitions(), {}};
    for (size_t i = 0; i < list.size(); i++) {
        std::string text;
        if (!numbered_) text = fmt::format("; {}: {}\n", list[i].axiom ? "given" : "asked", text::flat(list[i].name));
        text += "(assert (! ";
        writer.write(list[i].formula, text);
        text.append(" :named a").append(std::to_string(i)).append("))\n");
        written.assertions.push_back(std::move(text));
    }
    return written;
}

std::string Script::term(Id id) const {
    std::string text;
    Writer(*this, 0).write(id, text);
    return text;
}

} // namespace rlsproof::prove
