#ifndef CORE_BASE_LIST_H
#define CORE_BASE_LIST_H

/* An intrusive doubly linked list with a sentinel. Header only. */

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* The object that holds node as its member. */
#define CONTAINER_OF(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Walks the nodes; the present one may be removed (but not the next). */
#define LIST_EACH(it, head)                                            \
	for (struct list *it = (head)->next, *it##_next = it->next;    \
	     it != (head); it = it##_next, it##_next = it->next)

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* A zeroed node is not linked. */
static inline bool list_linked(const struct list *node)
{
	return node->next != NULL;
}

static inline void list_append(struct list *head, struct list *node)
{
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_prepend(struct list *head, struct list *node)
{
	list_append(head->next, node);
}

/* Harmless on a node that is not linked. */
static inline void list_remove(struct list *node)
{
	if (node->next == NULL)
		return;
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->next = node->prev = NULL;
}

#endif
