#include "admin/questions.h"

#include "admin/json.h"
#include "discovery/hosts.h"

/* --- answers ------------------------------------------------------------------------------------
 */

static json_t *server_of(const struct history_entry *entry)
{
    switch (entry->source) {
    case REPLY_SERVER:
        return json_address(&entry->server);
    case REPLY_HOSTS:
        return json_string("hosts");
    case REPLY_EXTRAS:
        return json_string("additional");
    case REPLY_NOBODY:
        break;
    }
    return json_null();
}

static json_t *ttl_of(const struct history_entry *entry)
{
    return entry->ttl == ANSWER_TTL_UNKNOWN ? json_null() : json_integer(entry->ttl);
}

static const char *origin_name(const struct history_entry *entry)
{
    static const char *const names[] = {
        [TTL_OF_RECORD] = "record", [TTL_OF_CNAME] = "cname", [TTL_OF_SOA] = "soa"};
    return names[entry->ttl_origin];
}

static json_t *last_answer(const struct history *history)
{
    if (history->entries.count == 0)
        return json_null();
    const struct history_entry *entry = history_entry(history, 0);
    return json_pack("{so ss so so ss so}", "time", json_moment(entry->last), "outcome",
                     answer_outcome_name(entry->outcome), "ttl", ttl_of(entry), "wait",
                     json_span(entry->wait), "why", wait_reason_name(entry->reason), "server",
                     server_of(entry));
}

static json_t *answer_json(const struct history_entry *entry)
{
    return json_pack("{so so sI so ss sI sb so ss so ss}", "first", json_moment(entry->first),
                     "last", json_moment(entry->last), "repeats", (json_int_t)entry->repeats,
                     "server", server_of(entry), "outcome", answer_outcome_name(entry->outcome),
                     "records", (json_int_t)entry->count, "truncated", entry->truncated, "ttl",
                     ttl_of(entry), "ttl_of", origin_name(entry), "wait", json_span(entry->wait),
                     "why", wait_reason_name(entry->reason));
}

static json_t *answers_json(const struct history *history)
{
    json_t *array = json_array();
    for (size_t i = 0; i < history->entries.count; i++)
        json_add(array, answer_json(history_entry(history, i)));
    return array;
}

/* --- members ------------------------------------------------------------------------------------
 */

static json_t *record_json(const struct record *record)
{
    char text[RECORD_TEXT_MAX];
    return json_string(record_format(record, text));
}

static json_t *members_json(const struct membership *membership)
{
    json_t *array = json_array();
    for (size_t i = 0; i < membership->count; i++) {
        const struct member *member = &membership->members[i];
        json_add(array, json_pack("{so ss so so sI}", "record", record_json(&member->record),
                                  "state", member_state_name((enum member_state)member->state),
                                  "since", json_moment(member->since), "seen",
                                  json_moment(member->seen), "misses", (json_int_t)member->misses));
    }
    return array;
}

static json_t *changes_json(const struct membership *membership)
{
    json_t *array = json_array();
    for (size_t i = 0; i < membership_changes(membership); i++) {
        const struct journal_entry entry = membership_change(membership, i);
        json_add(array, json_pack("{so so ss}", "time", json_moment(entry.when), "record",
                                  record_json(&entry.record), "change", change_text(entry.change)));
    }
    return array;
}

/* --- questions ----------------------------------------------------------------------------------
 */

static json_t *sample_json(const struct membership *membership)
{
    if (membership->miss_limit == 0)
        return json_null();
    return json_pack("{sI}", "miss_limit", (json_int_t)membership->miss_limit);
}

static json_t *question_json(const struct explanation *explanation)
{
    return json_pack("{ss ss sI so so so}", "name", explanation->name, "type",
                     dns_type_name(explanation->type), "addresses",
                     (json_int_t)explanation->membership->count, "due_in",
                     json_until(explanation->due), "held_for", json_until(explanation->held_until),
                     "sample", sample_json(explanation->membership));
}

static void add_question(void *arg, const struct explanation *explanation)
{
    json_t *question = question_json(explanation);
    json_put(question, "last", last_answer(explanation->history));
    json_add(arg, question);
}

static void add_story(void *arg, const struct explanation *explanation)
{
    json_t *question = question_json(explanation);
    json_put(question, "members", members_json(explanation->membership));
    json_put(question, "answers", answers_json(explanation->history));
    json_put(question, "changes", changes_json(explanation->membership));
    json_add(arg, question);
}

static json_t *questions(const struct service *service, discovery_explainer *add)
{
    json_t *array = json_array();
    if (array)
        discovery_explain(service->discovery, add, array);
    return array;
}

json_t *questions_json(const struct service *service)
{
    return questions(service, add_question);
}

json_t *questions_story(const struct service *service)
{
    return questions(service, add_story);
}
