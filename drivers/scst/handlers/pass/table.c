// SPDX-License-Identifier: GPL-2.0
/*
 * Opcode tables of handlers that pass commands on: their own rows, those of all
 * devices, and one for all else.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/unaligned.h>
#include "pass.h"

static bool table_has(const struct pass_table *table,
		      const struct pass_opcode *like)
{
	unsigned int i;

	for (i = 0; table && i < table->nr; i++)
		if (table->rows[i].opcode == like->opcode &&
		    table->rows[i].sa == like->sa)
			return true;
	return false;
}

/* Which bits are evaluated is for the device to say: REPORT SUPPORTED OPERATION CODES */
static void row_set_usage(struct scst_opcode *op)
{
	memset(op->usage, 0xff, op->cdb_len);
	op->usage[0] = op->opcode;
	if (!op->has_sa)
		return;
	if (op->opcode == VARIABLE_LENGTH_CMD)
		put_unaligned_be16(op->sa, op->usage + 8);
	else
		op->usage[1] = 0xe0 | op->sa;
}

/* What an initiator reads is nobody else's data. */
static scst_sense_t row_exec_no_data(struct scst_cmd *cmd)
{
	if (cmd->op->dir & SCST_DATA_READ)
		sg_zero_buffer(cmd->sg, cmd->sg_cnt, cmd->bufflen, 0);
	return SCST_GOOD;
}

/* Only the transport knows, or the device. */
static scst_sense_t row_decode(struct scst_cmd *cmd)
{
	if (cmd->expected_dir != SCST_DATA_NONE)
		cmd->xfer_len = cmd->bufflen;
	return SCST_GOOD;
}

static void row_fill(struct scst_opcode *op, const struct pass_opcode *row,
		     bool no_data)
{
	op->name = row->name;
	op->opcode = row->opcode;
	op->has_sa = row->sa != PASS_NO_SA;
	op->sa = op->has_sa ? row->sa : 0;
	op->cdb_len = row->opcode == VARIABLE_LENGTH_CMD ?
			      32 : COMMAND_SIZE(row->opcode);
	op->dir = row->dir;
	op->range = row->range;
	op->access = row->access;
	op->reserve = row->reserve;
	op->reserve_rule = row->reserve_rule;
	op->skip_ua = row->skip_ua;
	op->offline = row->offline;
	op->medium_write = row->medium_write;
	op->timeout = row->timeout;
	op->decode = row->decode ?: row_decode;
	op->exec = row->exec ?: pass_exec;
	if (no_data && row->moves_data)
		op->exec = row_exec_no_data;
	row_set_usage(op);
}

/* The rows of an operation code stand together. */
static int row_cmp(const void *a, const void *b)
{
	const struct scst_opcode *x = a, *y = b;

	return x->opcode != y->opcode ? x->opcode - y->opcode : x->sa - y->sa;
}

/*
 * What nobody knows may write, whatever the transport says of its data, and is in the
 * way of every reservation of others.
 */
static void any_fill(struct pass_handler *handler)
{
	unsigned int dir;

	for (dir = 0; dir < ARRAY_SIZE(handler->any); dir++) {
		handler->any[dir].name = "other command";
		handler->any[dir].dir = dir;
		handler->any[dir].medium_write = true;
		handler->any[dir].range = SCST_RANGE_WRITE_ANY;
		handler->any[dir].exec = pass_exec;
	}
}

/* Those of @table that are not in @others.  Returns where they end. */
static struct scst_opcode *table_add(struct scst_opcode *op,
				     const struct pass_handler *handler,
				     const struct pass_table *table,
				     const struct pass_table *others)
{
	unsigned int i;

	for (i = 0; table && i < table->nr; i++)
		if (!table_has(others, &table->rows[i]))
			row_fill(op++, &table->rows[i], handler->no_data);
	return op;
}

/**
 * pass_make_table - make the opcode table of a handler
 * @handler: handler
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int pass_make_table(struct pass_handler *handler)
{
	unsigned int nr = pass_spc_table.nr;
	struct scst_opcode *op;

	if (handler->table)
		nr += handler->table->nr;
	handler->opcodes = kcalloc(nr, sizeof(*op), GFP_KERNEL);
	if (!handler->opcodes)
		return -ENOMEM;
	op = table_add(handler->opcodes, handler, handler->table, NULL);
	op = table_add(op, handler, &pass_spc_table, handler->table);
	sort(handler->opcodes, op - handler->opcodes, sizeof(*op), row_cmp, NULL);
	any_fill(handler);
	handler->type.opcodes = handler->opcodes;
	handler->type.nr_opcodes = op - handler->opcodes;
	handler->type.any = handler->any;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pass_make_table);

/* Undo pass_make_table(). */
void pass_free_table(struct pass_handler *handler)
{
	kfree(handler->opcodes);
	handler->opcodes = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pass_free_table);
