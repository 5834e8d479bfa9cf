#include "clients.h"

#include "../target.h"
#include "model.h"
#include "picks.h"
#include "proxy/tried.h"

struct client {
    struct list node; /* of the view's sessions */
    struct waiter waiter;
    struct view *view;
    struct endpoint *endpoint; /* NULL: all were tried */
    struct tried_list tried;
    usec_t started;
    bool connected;
};

static struct client *clients[CLIENTS_MOST];
static size_t count;

size_t clients_count(void)
{
    return count;
}

const struct view *clients_view(size_t n)
{
    return clients[n]->view;
}

uint32_t clients_at(const struct endpoint *endpoint)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += clients[i]->endpoint == endpoint;
    return found;
}

uint32_t clients_of(const struct upstream *upstream)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += clients[i]->view->upstream == upstream;
    return found;
}

void clients_check(void)
{
    for (size_t i = 0; i < count; i++) {
        const struct client *client = clients[i];
        expect(client->view->upstream->limit.open == clients_of(client->view->upstream));
        if (client->endpoint)
            expect(client->endpoint->active == clients_at(client->endpoint));
        for (size_t j = 0; j < client->tried.count; j++)
            expect(client->tried.endpoints[j]->active == clients_at(client->tried.endpoints[j]));
    }
}

/* Told that endpoints are others, or turned: it is the input that decides when it dials again. */
static void on_news(struct waiter *waiter)
{
    const struct client *client = list_entry(waiter, struct client, waiter);
    expect(clients_of(client->view->upstream) > 0);
}

static void dial(struct client *client)
{
    client->endpoint = picks_next(client->view, tried_this_round(&client->tried));
    client->started = clock_now();
    client->connected = false;
    if (!client->endpoint)
        tried_next_round(&client->tried);
}

void clients_open(struct view *view)
{
    if (count == CLIENTS_MOST || !limit_take(&view->upstream->limit))
        return;
    struct client *client = calloc(1, sizeof *client);
    expect(client);
    client->view = view;
    client->waiter.news = on_news;
    list_append(&view->sessions, &client->node);
    list_append(&view->waiters, &client->waiter.node);
    clients[count++] = client;
    dial(client);
}

static void hang_up(struct client *client)
{
    struct endpoint *endpoint = client->endpoint;
    client->endpoint = NULL;
    if (endpoint)
        balance_release(&client->view->upstream->balancer, endpoint);
}

void clients_close(size_t n)
{
    struct client *client = clients[n];
    struct view *view = client->view;
    clients[n] = clients[--count];
    hang_up(client);
    tried_clear(&client->tried);
    list_remove(&client->node);
    list_remove(&client->waiter.node);
    limit_give(&view->upstream->limit);
    free(client);
    view_session_ended(view);
}

static bool is_of_connected(enum eject_event event)
{
    return event == EJECT_SERVED || event == EJECT_RESET_UNASKED || event == EJECT_RESET_ASKED;
}

void clients_find(size_t n, enum eject_event event)
{
    struct client *client = clients[n];
    if (!client->endpoint) {
        dial(client);
        return;
    }
    if (is_of_connected(event) != client->connected)
        event = client->connected ? EJECT_SERVED : EJECT_ACCEPTED;
    if (event == EJECT_ACCEPTED) {
        endpoint_accepted(client->endpoint, clock_now() - client->started);
        client->connected = true;
    }
    model_note(client->view->upstream, client->endpoint, event);
    view_note(client->view, client->endpoint, event, client->started);
    if (event == EJECT_SERVED || event == EJECT_ACCEPTED)
        return;
    expect(tried_add(&client->tried, client->endpoint));
    hang_up(client);
    if (event == EJECT_RESET_UNASKED || event == EJECT_RESET_ASKED)
        clients_close(n);
    else
        dial(client);
}
