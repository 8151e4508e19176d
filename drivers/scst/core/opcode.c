// SPDX-License-Identifier: GPL-2.0
/*
 * Opcode tables: indexing, lookup, and the checks that every CDB passes.
 *
 * Both a handler and the core have a table.  A row of the handler takes the
 * place of the core's row with the same operation code and service action; the
 * core's other service actions of that operation code stay.  Hence a lookup
 * asks the handler's index, and only what it does not know the core's.
 */

#define pr_fmt(fmt) "scst: " fmt

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include "core.h"

/*
 * An index has the first row of each operation code, or NULL, and behind these
 * the end of the table.
 */
#define OPCODE_INDEX_END	256
#define OPCODE_INDEX_LEN	(OPCODE_INDEX_END + 1)

static const struct scst_opcode **opcode_core_index;

/* ------------------------------------------------------------------------
 * Indexing, with a check of the table
 */

static bool opcode_len_ok(const struct scst_opcode *op)
{
	if (op->opcode == VARIABLE_LENGTH_CMD)
		return op->cdb_len >= SCST_MIN_VARLEN_CDB &&
		       op->cdb_len <= SCST_MAX_USAGE_LEN &&
		       op->cdb_len % 4 == 0;
	/* Vendor specific ones have any length. */
	if (op->opcode >= VENDOR_SPECIFIC_CDB)
		return op->cdb_len >= 6 && op->cdb_len <= SCST_MAX_USAGE_LEN;
	return op->cdb_len == COMMAND_SIZE(op->opcode);
}

/* Why a row cannot be right, or NULL. */
static const char *opcode_row_error(const struct scst_opcode *op)
{
	if (!op->name)
		return "no name";
	if (!op->exec)
		return "no exec()";
	if (op->dir > SCST_DATA_BIDI)
		return "no such data direction";
	if (!opcode_len_ok(op))
		return "CDB length is not that of the operation code's group";
	if (op->opcode == VARIABLE_LENGTH_CMD && !op->has_sa)
		return "no service action";
	if (op->usage[0] != op->opcode)
		return "usage map of another operation code";
	if (op->has_sa &&
	    scst_cdb_service_action(op->usage, op->cdb_len) != op->sa)
		return "usage map of another service action";
	if (memchr_inv(op->usage + op->cdb_len, 0,
		       SCST_MAX_USAGE_LEN - op->cdb_len))
		return "usage map longer than the CDB";
	return NULL;
}

/* Why a row cannot stand where it does, or NULL.  @index has those before. */
static const char *opcode_place_error(const struct scst_opcode **index,
				      const struct scst_opcode *op)
{
	const struct scst_opcode *first = index[op->opcode];
	const struct scst_opcode *other;

	if (!first)
		return NULL;
	if (op[-1].opcode != op->opcode)
		return "apart from other rows of its operation code";
	if (!op->has_sa || !first->has_sa)
		return "operation code is there twice";
	for (other = first; other < op; other++)
		if (other->sa == op->sa)
			return "service action is there twice";
	return NULL;
}

static const struct scst_opcode **
opcode_index_alloc(const struct scst_opcode *rows, unsigned int nr,
		   const char *owner)
{
	const struct scst_opcode **index __free(kfree) =
		kcalloc(OPCODE_INDEX_LEN, sizeof(*index), GFP_KERNEL);
	const struct scst_opcode *op;
	const char *error;

	if (!index)
		return ERR_PTR(-ENOMEM);
	for (op = rows; op < rows + nr; op++) {
		error = opcode_row_error(op) ?: opcode_place_error(index, op);
		if (error) {
			pr_err("%s: row %td of the opcode table (%s): %s\n",
			       owner, op - rows, op->name ?: "?", error);
			return ERR_PTR(-EINVAL);
		}
		if (!index[op->opcode])
			index[op->opcode] = op;
	}
	index[OPCODE_INDEX_END] = op;
	return no_free_ptr(index);
}

/* How a handler's table contradicts the core's, or NULL. */
static const char *opcode_merge_error(const struct scst_opcode **index)
{
	const struct scst_opcode *core, *own;
	unsigned int i;

	/* The core's row is for LUNs that do not exist. */
	if (!index[INQUIRY])
		return "no INQUIRY";
	for (i = 0; i < OPCODE_INDEX_END; i++) {
		core = opcode_core_index[i];
		own = index[i];
		if (core && own && core->has_sa != own->has_sa)
			return "service actions where the core has none, or none where it has some";
	}
	return NULL;
}

/**
 * scst_opcode_index_init - index and check the opcode table of a handler
 * @type: handler
 *
 * Context: process context.
 * Return: 0, -ENOMEM, or -EINVAL for a table that is wrong.
 */
int scst_opcode_index_init(struct scst_dev_type *type)
{
	const struct scst_opcode **index;
	const char *error;

	index = opcode_index_alloc(type->opcodes, type->nr_opcodes,
				   type->driver.name);
	if (IS_ERR(index))
		return PTR_ERR(index);
	error = opcode_merge_error(index);
	if (error) {
		pr_err("%s: opcode table: %s\n", type->driver.name, error);
		kfree(index);
		return -EINVAL;
	}
	type->opcode_index = index;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(scst_opcode_index_init);

/**
 * scst_opcode_index_exit - free the index of a handler's opcode table
 * @type: handler
 *
 * Context: any.
 */
void scst_opcode_index_exit(struct scst_dev_type *type)
{
	kfree(type->opcode_index);
	type->opcode_index = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(scst_opcode_index_exit);

/**
 * scst_opcode_init - index and check the core's own opcode table
 *
 * Return: 0, -ENOMEM, or -EINVAL for a table that is wrong.
 */
int __init scst_opcode_init(void)
{
	opcode_core_index = opcode_index_alloc(scst_spc_opcodes,
					       scst_nr_spc_opcodes, "core");
	return PTR_ERR_OR_ZERO(opcode_core_index);
}

/**
 * scst_opcode_exit - undo scst_opcode_init()
 */
void scst_opcode_exit(void)
{
	kfree(opcode_core_index);
}

/* ------------------------------------------------------------------------
 * Lookup
 */

/**
 * scst_core_opcodes - the index of the core's own rows
 *
 * Return: index for scst_opcode_find().
 */
const struct scst_opcode **scst_core_opcodes(void)
{
	return opcode_core_index;
}
EXPORT_SYMBOL_IF_KUNIT(scst_core_opcodes);

/* Bytes up to the end of the service action (SPC-6 4.2.2 and 4.2.3). */
static unsigned int opcode_sa_end(u8 opcode)
{
	return opcode == VARIABLE_LENGTH_CMD ? SCST_MIN_VARLEN_CDB : 2;
}

/**
 * scst_cdb_service_action - the service action of a CDB
 * @cdb: CDB whose operation code has service actions
 * @len: its length in bytes
 *
 * Context: any.
 * Return: service action, 0 when the CDB ends before it.
 */
u16 scst_cdb_service_action(const u8 *cdb, unsigned int len)
{
	if (!len || len < opcode_sa_end(cdb[0]))
		return 0;
	if (cdb[0] == VARIABLE_LENGTH_CMD)
		return get_unaligned_be16(cdb + 8);
	return cdb[1] & 0x1f;
}
EXPORT_SYMBOL_IF_KUNIT(scst_cdb_service_action);

/**
 * scst_cdb_naca - does a command want an ACA condition if it fails?
 * @cdb: CDB
 * @len: its length in bytes
 *
 * Context: any.
 * Return: NACA bit of the control byte (SAM-6 5.2); false when there is none.
 */
bool scst_cdb_naca(const u8 *cdb, unsigned int len)
{
	unsigned int control = len ? scst_cdb_control(cdb) : 0;

	return control && control < len && (cdb[control] & SCST_CDB_CONTROL_NACA);
}
EXPORT_SYMBOL_IF_KUNIT(scst_cdb_naca);

/**
 * scst_opcode_first - first row of an operation code
 * @index: index of a table
 * @opcode: operation code
 *
 * Return: row, or NULL when there is none.
 */
const struct scst_opcode *scst_opcode_first(const struct scst_opcode **index,
					    u8 opcode)
{
	return index[opcode];
}

/**
 * scst_opcode_next - next row of an operation code
 * @index: index of a table
 * @op: row of it
 *
 * Return: row with another service action, or NULL when @op was the last.
 */
const struct scst_opcode *scst_opcode_next(const struct scst_opcode **index,
					   const struct scst_opcode *op)
{
	if (op + 1 == index[OPCODE_INDEX_END] || op[1].opcode != op->opcode)
		return NULL;
	return op + 1;
}

static const struct scst_opcode *
opcode_find_sa(const struct scst_opcode **index, const struct scst_opcode *op,
	       u16 sa)
{
	while (op && op->sa != sa)
		op = scst_opcode_next(index, op);
	return op;
}

/**
 * scst_opcode_lookup - row of an operation code and service action
 * @index: index of a table
 * @opcode: operation code
 * @sa: service action; ignored when @opcode has none
 *
 * Context: any.
 * Return: row, or NULL when there is none.
 */
const struct scst_opcode *scst_opcode_lookup(const struct scst_opcode **index,
					     u8 opcode, u16 sa)
{
	const struct scst_opcode *op = index[opcode];

	if (!op || !op->has_sa)
		return op;
	return opcode_find_sa(index, op, sa);
}

/**
 * scst_opcode_find - row of a CDB
 * @index: index of a table
 * @cdb: CDB
 * @len: its length in bytes, which may be less than the row's
 *
 * Context: any.
 * Return: row, or NULL when there is none.
 */
const struct scst_opcode *scst_opcode_find(const struct scst_opcode **index,
					   const u8 *cdb, unsigned int len)
{
	const struct scst_opcode *op;

	if (unlikely(!len))
		return NULL;
	op = index[cdb[0]];
	if (likely(!op || !op->has_sa))
		return op;
	return opcode_find_sa(index, op, scst_cdb_service_action(cdb, len));
}
EXPORT_SYMBOL_IF_KUNIT(scst_opcode_find);

/* ------------------------------------------------------------------------
 * Checks of a command
 */

/**
 * scst_opcode_supported - does a unit have a command?
 * @op: row of the command, or NULL
 * @dev: logical unit
 *
 * Context: any.
 * Return: true if so.
 */
bool scst_opcode_supported(const struct scst_opcode *op,
			   const struct scst_device *dev)
{
	return op && (!op->supported || op->supported(dev));
}

static const struct scst_opcode *opcode_of_cmd(const struct scst_cmd *cmd)
{
	const struct scst_opcode *op;

	if (likely(cmd->dev)) {
		op = scst_opcode_find(cmd->dev->type->opcode_index, cmd->cdb,
				      cmd->cdb_len);
		if (likely(op))
			return op;
	}
	return scst_opcode_find(opcode_core_index, cmd->cdb, cmd->cdb_len);
}

/* Commands of SCSI-2 that read or write other devices than the one they are for */
#define OPCODE_COPY		0x18
#define OPCODE_COMPARE		0x39
#define OPCODE_COPY_AND_VERIFY	0x3a

/*
 * What would get around LUN maps and reservations here: the core has these, in all
 * their variants, or nobody has.
 */
static bool opcode_is_core_only(u8 opcode)
{
	static const u8 opcodes[] = {
		RESERVE, RELEASE, RESERVE_10, RELEASE_10,
		PERSISTENT_RESERVE_IN, PERSISTENT_RESERVE_OUT, REPORT_LUNS,
		EXTENDED_COPY, RECEIVE_COPY_RESULTS, OPCODE_COPY,
		OPCODE_COMPARE, OPCODE_COPY_AND_VERIFY,
	};

	return memchr(opcodes, opcode, sizeof(opcodes));
}

/* What no row is known for goes to a handler that takes anything. */
static bool opcode_take_any(struct scst_cmd *cmd)
{
	if (!cmd->dev || !cmd->dev->type->any || !cmd->cdb_len ||
	    opcode_is_core_only(cmd->cdb[0]))
		return false;
	cmd->op = &cmd->dev->type->any[cmd->expected_dir];
	return true;
}

/* How long a CDB of an operation code is at least. */
static unsigned int opcode_min_len(const struct scst_cmd *cmd)
{
	u8 opcode = cmd->cdb[0];

	if (opcode >= VENDOR_SPECIFIC_CDB)
		return 6;
	if (opcode != VARIABLE_LENGTH_CMD)
		return COMMAND_SIZE(opcode);
	if (cmd->cdb_len < SCST_MIN_VARLEN_CDB)
		return SCST_MIN_VARLEN_CDB;
	return scsi_varlen_cdb_length(cmd->cdb);
}

/* How much data such a command has only the transport knows. */
static scst_sense_t opcode_parse_any(struct scst_cmd *cmd)
{
	unsigned int len = opcode_min_len(cmd);

	if (cmd->cdb_len < len)
		return scst_cmd_cdb_error(cmd, cmd->cdb_len, 8);
	cmd->xfer_len = cmd->expected_dir == SCST_DATA_BIDI ? cmd->out_bufflen :
							       cmd->bufflen;
	return cmd->dev->type->parse ? cmd->dev->type->parse(cmd) : SCST_GOOD;
}

static bool opcode_any_supported(const struct scst_opcode **index, u8 opcode,
				 const struct scst_device *dev)
{
	const struct scst_opcode *op;

	for (op = scst_opcode_first(index, opcode); op;
	     op = scst_opcode_next(index, op))
		if (scst_opcode_supported(op, dev))
			return true;
	return false;
}

/*
 * SPC-6, service actions: an operation code that is known only with other ones
 * is no INVALID COMMAND OPERATION CODE.
 */
static scst_sense_t opcode_unknown(struct scst_cmd *cmd)
{
	u8 opcode;

	/* SAM-6: for a LUN that does not exist the operation code is moot. */
	if (!cmd->dev)
		return SCST_SENSE_LUN_NOT_SUPPORTED;
	if (!cmd->cdb_len)
		return SCST_SENSE_INVALID_OPCODE;

	opcode = cmd->cdb[0];
	if (!opcode_any_supported(cmd->dev->type->opcode_index, opcode,
				  cmd->dev) &&
	    !opcode_any_supported(opcode_core_index, opcode, cmd->dev))
		return SCST_SENSE_INVALID_OPCODE;
	if (cmd->cdb_len < opcode_sa_end(opcode))
		return scst_cmd_cdb_error(cmd, cmd->cdb_len, 8);
	if (opcode == VARIABLE_LENGTH_CMD)
		return scst_cmd_cdb_error(cmd, 8, 8);
	return scst_cmd_cdb_error(cmd, 1, 4);
}

/*
 * Bits of a byte of the CDB that are not in the usage map.  An initiator that does
 * not know yet which SCSI it talks to has the LUN in byte 1 of INQUIRY, as SCSI-2
 * wanted it.
 */
static u8 opcode_bad_bits(const struct scst_cmd *cmd,
			  const struct scst_opcode *op, unsigned int i)
{
	u8 bad = cmd->cdb[i] & ~op->usage[i];

	return op->opcode == INQUIRY && i == 1 ? bad & 0x1f : bad;
}

/* The first byte with such bits. */
static scst_sense_t opcode_usage_error(struct scst_cmd *cmd,
				       const struct scst_opcode *op)
{
	unsigned int i = 0;

	while (!opcode_bad_bits(cmd, op, i))
		i++;
	return scst_cmd_cdb_error(cmd, i, fls(opcode_bad_bits(cmd, op, i)) - 1);
}

static u64 opcode_unknown_bits(const u8 *cdb, const u8 *usage)
{
	return get_unaligned((const u64 *)cdb) &
	       ~get_unaligned((const u64 *)usage);
}

/*
 * Is a bit set that the usage map does not have?  For READ and WRITE of 10 to 16
 * bytes these are two loads of each.
 */
static bool opcode_usage_ok(const struct scst_cmd *cmd,
			    const struct scst_opcode *op)
{
	const u8 *cdb = cmd->cdb, *usage = op->usage;
	unsigned int len = op->cdb_len, i;
	u64 bad = 0;

	if (unlikely(len < 8)) {
		for (i = 1; i < len; i++)
			bad |= opcode_bad_bits(cmd, op, i);
		return !bad;
	}
	for (i = 0; unlikely(len - i > 16); i += 8)
		bad |= opcode_unknown_bits(cdb + i, usage + i);
	bad |= opcode_unknown_bits(cdb + i, usage + i);
	bad |= opcode_unknown_bits(cdb + len - 8, usage + len - 8);
	return !bad;
}

/*
 * A CDB that is too short lacks fields of its operation code: the first byte
 * that is not there is in error.  Transports pad CDBs, so one may be too long,
 * but a variable length CDB says how long it means to be (SPC-6 4.2.3).
 */
static scst_sense_t opcode_check_cdb(struct scst_cmd *cmd,
				     const struct scst_opcode *op)
{
	bool varlen = op->opcode == VARIABLE_LENGTH_CMD;
	unsigned int control = varlen ? 1 : op->cdb_len - 1;

	if (unlikely(cmd->cdb_len < op->cdb_len))
		return scst_cmd_cdb_error(cmd, cmd->cdb_len, 8);
	if (unlikely(varlen) && scsi_varlen_cdb_length(cmd->cdb) != op->cdb_len)
		return scst_cmd_cdb_error(cmd, 7, 8);
	/* There are no linked commands, which SAM-4 made obsolete. */
	if (unlikely(cmd->cdb[control] & SCST_CDB_CONTROL_LINK))
		return scst_cmd_cdb_error(cmd, control, 0);
	return SCST_GOOD;
}

/*
 * What the transport announced against what the CDB means.  Data-in is cut off
 * where the buffer ends, which the residual tells.  Data-out has to be there to
 * the last byte: nothing is ever written in part.
 */
static bool opcode_buffer_ok(const struct scst_cmd *cmd,
			     const struct scst_opcode *op)
{
	u8 announced = cmd->expected_dir;
	u32 out_len = cmd->bufflen;

	if (unlikely(announced == SCST_DATA_BIDI)) {
		if (op->dir != SCST_DATA_BIDI)
			return false;
		out_len = cmd->out_bufflen;
	}
	if (!cmd->xfer_len)
		return true;

	switch (op->dir) {
	case SCST_DATA_READ:
		return announced != SCST_DATA_WRITE;
	case SCST_DATA_WRITE:
	case SCST_DATA_BIDI:
		return announced == op->dir && cmd->xfer_len <= out_len;
	default:
		return true;
	}
}

/**
 * scst_cmd_parse - find the row of a command, check and decode its CDB
 * @cmd: command; its tgt_dev and dev are NULL when its LUN does not exist
 *
 * Sets op, unless the operation code or service action is unknown, and what the
 * row's decode() sets.
 *
 * Context: as parse() of struct scst_dev_type.
 * Return: %SCST_GOOD, or the sense code to end @cmd with.
 */
scst_sense_t scst_cmd_parse(struct scst_cmd *cmd)
{
	const struct scst_opcode *op;
	scst_sense_t sense;

	op = opcode_of_cmd(cmd);
	if (unlikely(!op)) {
		if (!opcode_take_any(cmd))
			return opcode_unknown(cmd);
		return opcode_parse_any(cmd);
	}
	if (unlikely(op->supported) && cmd->dev && !op->supported(cmd->dev))
		return opcode_unknown(cmd);
	cmd->op = op;

	sense = opcode_check_cdb(cmd, op);
	if (unlikely(sense != SCST_GOOD))
		return sense;
	if (op->decode) {
		sense = op->decode(cmd);
		if (unlikely(sense != SCST_GOOD))
			return sense;
	}
	/* After decode(), which knows the fields of several bits. */
	if (unlikely(!opcode_usage_ok(cmd, op)))
		return opcode_usage_error(cmd, op);
	if (unlikely(!opcode_buffer_ok(cmd, op)))
		return SCST_SENSE_INVALID_FIELD_IN_IU;
	if (cmd->dev && cmd->dev->type->parse)
		return cmd->dev->type->parse(cmd);
	return SCST_GOOD;
}
EXPORT_SYMBOL_IF_KUNIT(scst_cmd_parse);
