"""First tables: records, inspections, runs, and the guards that keep what is finished as it is.

Revision: 0001
"""
# ruff: noqa: E501, S608 (long lines, and statements made of the names in this file)

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OF_A_RUN = ("run_result", "run_incident", "run_segment", "observation", "explanation", "planned_inspection")


def upgrade() -> None:
    """Create everything in an empty database."""
    _create_records()
    _create_inspections()
    _create_runs()
    _create_policies()
    _create_plans()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_records() -> None:
    op.create_table(
        "source_file",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="own number of the file"),
        sa.Column("source", sa.Text(), nullable=False, comment="source URI, without credentials"),
        sa.Column("key", sa.Text(), nullable=False, comment="object key inside the source"),
        sa.Column("etag", sa.Text(), nullable=False, comment="version mark of the store when it was read"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="bytes, as the store lists it"),
        sa.Column("modified_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the store"),
        sa.Column(
            "read_at_us",
            sa.BigInteger(),
            nullable=False,
            comment="microseconds UTC, clock of the audit: when its rows were read",
        ),
        sa.Column("accepted", sa.BigInteger(), nullable=False, comment="rows accepted"),
        sa.Column(
            "rejected",
            sa.BigInteger(),
            nullable=False,
            comment="rows kept as rejected, the file as a whole (line 0) included",
        ),
        sa.CheckConstraint("accepted >= 0", name="ck_source_file_accepted_not_negative"),
        sa.CheckConstraint("rejected >= 0", name="ck_source_file_rejected_not_negative"),
        sa.CheckConstraint("size_bytes >= 0", name="ck_source_file_size_bytes_not_negative"),
        sa.PrimaryKeyConstraint("file_id", name="pk_source_file"),
        sa.UniqueConstraint("source", "key", name="uq_source_file_source_key"),
    )
    op.create_table(
        "video_object",
        sa.Column("source", sa.Text(), nullable=False, comment="source URI, without credentials"),
        sa.Column("object_key", sa.Text(), nullable=False, comment="key inside the source"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="bytes, as the store lists it"),
        sa.Column("etag", sa.Text(), nullable=False, comment="version mark of the store"),
        sa.Column("modified_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the store"),
        sa.CheckConstraint("size_bytes >= 0", name="ck_video_object_size_bytes_not_negative"),
        sa.PrimaryKeyConstraint("source", "object_key", name="pk_video_object"),
    )
    op.create_table(
        "assignment",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="identifier in the dispatch system"),
        sa.Column("officer_id", sa.Text(), nullable=False, comment="as written; two-officer units are two rows"),
        sa.Column("unit_id", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column(
            "dispatched_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, CAD clock; null: not recorded"
        ),
        sa.Column("en_route_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, CAD clock; null: not recorded"),
        sa.Column("on_scene_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, CAD clock; null: not recorded"),
        sa.Column("cleared_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, CAD clock; null: not recorded"),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False, comment="the source marks it cancelled"),
        sa.Column("precision_us", sa.BigInteger(), nullable=False, comment="rounding of the times, microseconds"),
        sa.Column(
            "is_ambiguous", sa.Boolean(), nullable=False, comment="a local time that occurred twice, read as the earlier"
        ),
        sa.CheckConstraint("line >= 0", name="ck_assignment_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_assignment_ordinal_not_negative"),
        sa.CheckConstraint("precision_us >= 0", name="ck_assignment_precision_us_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_assignment_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_assignment"),
    )
    op.create_index("ix_assignment_incident_id", "assignment", ["incident_id"])
    op.create_table(
        "device",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("device_id", sa.Text(), nullable=False, comment="as the roster writes it"),
        sa.Column("model", sa.Text(), nullable=False, comment="model"),
        sa.Column("vendor", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column(
            "configured_buffer_us",
            sa.BigInteger(),
            nullable=True,
            comment="pre-event buffer it is set to, microseconds; null: unknown",
        ),
        sa.Column(
            "segment_cap_us", sa.BigInteger(), nullable=True, comment="longest file it writes, microseconds; null: unknown"
        ),
        sa.Column("overlay_zone", sa.Text(), nullable=True, comment="IANA zone of its burned-in clock; null: unknown"),
        sa.CheckConstraint("configured_buffer_us >= 0", name="ck_device_configured_buffer_us_not_negative"),
        sa.CheckConstraint("line >= 0", name="ck_device_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_device_ordinal_not_negative"),
        sa.CheckConstraint("segment_cap_us >= 0", name="ck_device_segment_cap_us_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_device_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_device"),
    )
    op.create_table(
        "device_event",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("device_id", sa.Text(), nullable=False, comment="camera"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of dock or device log"),
        sa.Column("event", sa.Text(), nullable=False, comment="kind of entry"),
        sa.Column("value", sa.Text(), nullable=True, comment="clock_check: device minus server clock, seconds; null: none"),
        sa.CheckConstraint(
            "event IN ('power_on', 'power_off', 'sleep', 'wake', 'mute', 'unmute', 'dock', 'undock', 'battery_low', 'battery_empty', 'tamper', 'clock_check')",
            name="ck_device_event_event_known",
        ),
        sa.CheckConstraint("line >= 0", name="ck_device_event_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_device_event_ordinal_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_device_event_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_device_event"),
    )
    op.create_index("ix_device_event_at_us", "device_event", ["at_us"])
    op.create_table(
        "exemption",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("officer_id", sa.Text(), nullable=False, comment="who need not record"),
        sa.Column("reason_code", sa.Text(), nullable=False, comment="code of the reason, never a narrative"),
        sa.Column("incident_id", sa.Text(), nullable=True, comment="null: any incident in that time"),
        sa.Column("from_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: from the start of the window"),
        sa.Column("to_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: to the end of the window"),
        sa.Column("approved_by", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("note", sa.Text(), nullable=True, comment="null: none"),
        sa.CheckConstraint("line >= 0", name="ck_exemption_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_exemption_ordinal_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_exemption_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_exemption"),
    )
    op.create_table(
        "holding",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("device_id", sa.Text(), nullable=False, comment="camera"),
        sa.Column("officer_id", sa.Text(), nullable=False, comment="holder"),
        sa.Column("held_from_us", sa.BigInteger(), nullable=False, comment="microseconds UTC"),
        sa.Column("held_to_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: still held"),
        sa.CheckConstraint("line >= 0", name="ck_holding_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_holding_ordinal_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_holding_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_holding"),
    )
    op.create_table(
        "incident",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="identifier in the dispatch system"),
        sa.Column("call_type", sa.Text(), nullable=False, comment="as written in the source"),
        sa.Column("opened_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, CAD clock"),
        sa.Column("priority", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column(
            "closed_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, CAD clock; null: still open or not stated",
        ),
        sa.Column("area", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("call_disposition_code", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("tags", sa.JSON(), nullable=False, comment="tags of the incident"),
        sa.Column("precision_us", sa.BigInteger(), nullable=False, comment="rounding of the times, microseconds"),
        sa.Column(
            "is_ambiguous", sa.Boolean(), nullable=False, comment="a local time that occurred twice, read as the earlier"
        ),
        sa.CheckConstraint("line >= 0", name="ck_incident_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_incident_ordinal_not_negative"),
        sa.CheckConstraint("precision_us >= 0", name="ck_incident_precision_us_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_incident_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_incident"),
    )
    op.create_index("ix_incident_incident_id", "incident", ["incident_id"])
    op.create_index("ix_incident_opened_us", "incident", ["opened_us"])
    op.create_table(
        "officer",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("officer_id", sa.Text(), nullable=False, comment="as the roster writes it"),
        sa.Column("unit", sa.Text(), nullable=False, comment="unit, shift or station"),
        sa.Column("role", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("active_from_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: no start known"),
        sa.Column("active_to_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: still active"),
        sa.Column(
            "camera_from_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC; null with camera_to_us null: never issued",
        ),
        sa.Column("camera_to_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: still issued, if ever"),
        sa.CheckConstraint("line >= 0", name="ck_officer_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_officer_ordinal_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_officer_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_officer"),
    )
    op.create_table(
        "rejected_row",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("field", sa.Text(), nullable=False, comment="field that was at fault; empty: the row as a whole"),
        sa.Column("reason", sa.Text(), nullable=False, comment="class of the fault"),
        sa.Column("detail", sa.Text(), nullable=False, comment="the fault in words"),
        sa.Column("text", sa.Text(), nullable=False, comment="the offending value, shortened"),
        sa.CheckConstraint(
            "reason IN ('missing_value', 'missing_column', 'bad_identifier', 'bad_time', 'time_without_zone', 'bad_length', 'bad_value', 'duplicate_id', 'not_json', 'not_csv', 'empty_file', 'forbidden', 'too_large', 'object_missing')",
            name="ck_rejected_row_reason_known",
        ),
        sa.CheckConstraint("line >= 0", name="ck_rejected_row_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_rejected_row_ordinal_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_rejected_row_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_rejected_row"),
    )
    op.create_table(
        "segment",
        sa.Column("file_id", sa.Integer(), nullable=False, comment="file it was read from"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the rows of its kind and file, from 0"),
        sa.Column("line", sa.Integer(), nullable=False, comment="1-based line in the file; 0: the whole file"),
        sa.Column("footage_id", sa.Text(), nullable=False, comment="identifier of the segment, from its metadata"),
        sa.Column("device_id", sa.Text(), nullable=False, comment="camera"),
        sa.Column(
            "media_started_us",
            sa.BigInteger(),
            nullable=False,
            comment="microseconds UTC, camera clock: first frame, pre-event buffer included",
        ),
        sa.Column("duration_us", sa.BigInteger(), nullable=False, comment="microseconds"),
        sa.Column(
            "object_key", sa.Text(), nullable=True, comment="video inside the source; null: the metadata name no file"
        ),
        sa.Column("officer_id", sa.Text(), nullable=True, comment="null: the metadata name no officer"),
        sa.Column("device_model", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("recording_id", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("segment_no", sa.BigInteger(), nullable=True, comment="place in its recording; null: not stated"),
        sa.Column("sequence_no", sa.BigInteger(), nullable=True, comment="the device's own numbering; null: not stated"),
        sa.Column(
            "activated_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, camera clock: button; null: not recorded",
        ),
        sa.Column(
            "deactivated_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, camera clock: button; null: not recorded",
        ),
        sa.Column(
            "pre_event_buffer_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds of media before activation; null: not stated",
        ),
        sa.Column("uploaded_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, server clock; null: not stated"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True, comment="bytes, as the metadata state; null: not stated"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="hexadecimal, as the metadata state; null: not stated"),
        sa.Column("incident_ids", sa.JSON(), nullable=False, comment="incident ids entered by hand; evidence, not the key"),
        sa.Column("categories", sa.JSON(), nullable=False, comment="categories entered by hand"),
        sa.Column(
            "retention_until_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC: may be deleted then; null: not stated",
        ),
        sa.Column(
            "deleted_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, server clock; null: not deleted as far as is known",
        ),
        sa.Column("status", sa.Text(), nullable=True, comment="the source's own word; null: not stated"),
        sa.Column("precision_us", sa.BigInteger(), nullable=False, comment="rounding of the times, microseconds"),
        sa.Column(
            "is_ambiguous", sa.Boolean(), nullable=False, comment="a local time that occurred twice, read as the earlier"
        ),
        sa.CheckConstraint("duration_us >= 0", name="ck_segment_duration_us_not_negative"),
        sa.CheckConstraint("line >= 0", name="ck_segment_line_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_segment_ordinal_not_negative"),
        sa.CheckConstraint("pre_event_buffer_us >= 0", name="ck_segment_pre_event_buffer_us_not_negative"),
        sa.CheckConstraint("precision_us >= 0", name="ck_segment_precision_us_not_negative"),
        sa.CheckConstraint("size_bytes >= 0", name="ck_segment_size_bytes_not_negative"),
        sa.ForeignKeyConstraint(["file_id"], ["source_file.file_id"], name="fk_segment_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "ordinal", name="pk_segment"),
    )
    op.create_index("ix_segment_footage_id", "segment", ["footage_id"])
    op.create_index("ix_segment_media_started_us", "segment", ["media_started_us"])


def _create_inspections() -> None:
    op.create_table(
        "inspection",
        sa.Column("inspection_id", sa.Integer(), nullable=False, comment="own number"),
        sa.Column("source", sa.Text(), nullable=False, comment="source URI, without credentials"),
        sa.Column("object_key", sa.Text(), nullable=False, comment="video inside the source"),
        sa.Column("etag", sa.Text(), nullable=False, comment="version mark of the store"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="bytes, as the store lists it"),
        sa.Column("inspector_version", sa.Text(), nullable=False, comment="version of the video measures"),
        sa.Column(
            "plan_digest",
            sa.Text(),
            nullable=False,
            comment="SHA-256 over what was asked for and the limits it was judged by",
        ),
        sa.Column("plan", sa.JSON(), nullable=False, comment="what was asked for"),
        sa.Column("status", sa.Text(), nullable=False, comment="complete, partial or unreadable"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why nothing could be examined; null: it could"),
        sa.Column("detail", sa.Text(), nullable=False, comment="more words; empty: none"),
        sa.Column("container_format", sa.Text(), nullable=True, comment="null: no container was read"),
        sa.Column("container_size_bytes", sa.BigInteger(), nullable=True, comment="bytes; null: no container was read"),
        sa.Column(
            "container_duration_us", sa.BigInteger(), nullable=True, comment="length the container claims; null: none"
        ),
        sa.Column(
            "container_moov", sa.Text(), nullable=True, comment="front, end, fragmented or none; null: no container was read"
        ),
        sa.Column("video_codec", sa.Text(), nullable=True, comment="null: no picture track"),
        sa.Column("video_width", sa.Integer(), nullable=True, comment="pixels; null: no picture track"),
        sa.Column("video_height", sa.Integer(), nullable=True, comment="pixels; null: no picture track"),
        sa.Column("video_frames", sa.BigInteger(), nullable=True, comment="frames in the index; null: no picture track"),
        sa.Column("video_average_fps", sa.Double(), nullable=True, comment="frames a second; null: no picture track"),
        sa.Column(
            "video_is_variable_rate", sa.Boolean(), nullable=True, comment="frame distances vary; null: no picture track"
        ),
        sa.Column("audio_codec", sa.Text(), nullable=True, comment="null: no sound track"),
        sa.Column("audio_sample_rate", sa.Integer(), nullable=True, comment="hertz; null: no sound track"),
        sa.Column("audio_channels", sa.Integer(), nullable=True, comment="null: no sound track"),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False, comment="bytes read from the store"),
        sa.Column("frames_sampled", sa.BigInteger(), nullable=False, comment="frames that were decoded and judged"),
        sa.Column("longest_step_us", sa.BigInteger(), nullable=False, comment="longest distance between two samples"),
        sa.Column("audio_us", sa.BigInteger(), nullable=False, comment="length of sound examined"),
        sa.Column("elapsed_s", sa.Double(), nullable=False, comment="seconds it took; not part of the result"),
        sa.Column("examined_spans", sa.JSON(), nullable=False, comment="media time in which frames were sampled"),
        sa.Column("defects", sa.JSON(), nullable=False, comment="kind, start_us, end_us, confidence, measures"),
        sa.Column("not_examined", sa.JSON(), nullable=False, comment="what could not be examined, a sentence each"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="hexadecimal over the whole object; null: it was not hashed"),
        sa.CheckConstraint("(status = 'unreadable') = (reason IS NOT NULL)", name="ck_inspection_reason_when_unreadable"),
        sa.CheckConstraint(
            "reason IN ('empty', 'not_media', 'playlist_refused', 'moov_missing', 'no_video', 'codec_unsupported', 'encrypted', 'timeout', 'memory', 'crashed', 'io_error')",
            name="ck_inspection_reason_known",
        ),
        sa.CheckConstraint("status IN ('complete', 'partial', 'unreadable')", name="ck_inspection_status_known"),
        sa.CheckConstraint("audio_us >= 0", name="ck_inspection_audio_us_not_negative"),
        sa.CheckConstraint("bytes_read >= 0", name="ck_inspection_bytes_read_not_negative"),
        sa.CheckConstraint("elapsed_s >= 0", name="ck_inspection_elapsed_s_not_negative"),
        sa.CheckConstraint("frames_sampled >= 0", name="ck_inspection_frames_sampled_not_negative"),
        sa.CheckConstraint("longest_step_us >= 0", name="ck_inspection_longest_step_us_not_negative"),
        sa.CheckConstraint("size_bytes >= 0", name="ck_inspection_size_bytes_not_negative"),
        sa.PrimaryKeyConstraint("inspection_id", name="pk_inspection"),
        sa.UniqueConstraint(
            "source", "object_key", "etag", "size_bytes", "inspector_version", "plan_digest", name="uq_inspection_identity"
        ),
    )
    op.create_table(
        "still",
        sa.Column("inspection_id", sa.Integer(), nullable=False, comment="inspection"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the stills, from 0"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds of media time"),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False, comment="the picture"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="hexadecimal over the picture"),
        sa.CheckConstraint("ordinal >= 0", name="ck_still_ordinal_not_negative"),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.inspection_id"], name="fk_still_inspection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("inspection_id", "ordinal", name="pk_still"),
    )


def _create_runs() -> None:
    op.create_table(
        "run",
        sa.Column("run_id", sa.Text(), nullable=False, comment="sortable by start, otherwise opaque"),
        sa.Column("kind", sa.Text(), nullable=False, comment="nightly, incident or backfill"),
        sa.Column("source", sa.Text(), nullable=False, comment="source URI, without credentials"),
        sa.Column("period_start_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, included"),
        sa.Column("period_end_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, excluded"),
        sa.Column("as_of_us", sa.BigInteger(), nullable=False, comment="microseconds UTC: the moment the run judges from"),
        sa.Column("timezone", sa.Text(), nullable=False, comment="IANA zone of the agency"),
        sa.Column("policy_id", sa.Text(), nullable=False, comment="policy pack"),
        sa.Column("policy_version", sa.Text(), nullable=False, comment="version of the pack"),
        sa.Column("policy_hash", sa.Text(), nullable=False, comment="SHA-256 of all settings and clause texts"),
        sa.Column("incident_id", sa.Text(), nullable=True, comment="the one incident re-run; null: the whole period"),
        sa.Column("requester", sa.Text(), nullable=True, comment="who asked; null: the schedule"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why; null: the schedule"),
        sa.Column("is_deep", sa.Boolean(), nullable=False, comment="videos were sampled densely"),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="running, complete, incomplete (something was not examined) or failed",
        ),
        sa.Column("started_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column(
            "finished_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, clock of the audit; null: still running",
        ),
        sa.Column("software_version", sa.Text(), nullable=False, comment="version of the program"),
        sa.Column("inspector_version", sa.Text(), nullable=False, comment="version of the video measures"),
        sa.Column("inputs_hash", sa.Text(), nullable=False, comment="SHA-256 over the inputs; empty: not computed"),
        sa.Column("counts", sa.JSON(), nullable=False, comment="rows, files, videos and bytes counted"),
        sa.Column("not_examined", sa.JSON(), nullable=False, comment="what could not be examined, a sentence each"),
        sa.Column("result_count", sa.BigInteger(), nullable=True, comment="results recorded; null: nothing was decided"),
        sa.Column(
            "observation_count", sa.BigInteger(), nullable=True, comment="findings observed; null: nothing was decided"
        ),
        sa.CheckConstraint("(kind = 'incident') = (incident_id IS NOT NULL)", name="ck_run_incident_named"),
        sa.CheckConstraint("(status = 'running') = (finished_us IS NULL)", name="ck_run_finished_when_not_running"),
        sa.CheckConstraint(
            "kind <> 'incident' OR (requester IS NOT NULL AND reason IS NOT NULL)", name="ck_run_incident_accounted"
        ),
        sa.CheckConstraint("kind IN ('nightly', 'incident', 'backfill')", name="ck_run_kind_known"),
        sa.CheckConstraint("status IN ('running', 'complete', 'incomplete', 'failed')", name="ck_run_status_known"),
        sa.CheckConstraint("observation_count >= 0", name="ck_run_observation_count_not_negative"),
        sa.CheckConstraint("period_end_us > period_start_us", name="ck_run_period_end_us_after_period_start_us"),
        sa.CheckConstraint("result_count >= 0", name="ck_run_result_count_not_negative"),
        sa.PrimaryKeyConstraint("run_id", name="pk_run"),
    )
    op.create_index("ix_run_source_period_start_us", "run", ["source", "period_start_us"])
    op.create_index("ix_run_started_us", "run", ["started_us"])
    op.create_table(
        "finding",
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="32 hexadecimal digits over kind, incident, officer, recording, clause",
        ),
        sa.Column("finding_id", sa.Text(), nullable=False, comment="short public id"),
        sa.Column("kind", sa.Text(), nullable=False, comment="kind of finding"),
        sa.Column("incident_id", sa.Text(), nullable=True, comment="null: concerns no incident"),
        sa.Column("officer_id", sa.Text(), nullable=True, comment="null: concerns no officer"),
        sa.Column("device_id", sa.Text(), nullable=True, comment="camera, as last observed; null: none"),
        sa.Column("recording_id", sa.Text(), nullable=True, comment="recording, as last observed; null: none"),
        sa.Column("clause", sa.Text(), nullable=False, comment="clause of the policy"),
        sa.Column("first_run_id", sa.Text(), nullable=False, comment="run that stated it first"),
        sa.Column("last_run_id", sa.Text(), nullable=False, comment="run that observed it last"),
        sa.Column("state", sa.Text(), nullable=False, comment="open or resolved, as observed last"),
        sa.CheckConstraint(
            "kind IN ('no_footage', 'late_activation', 'early_deactivation', 'recording_gap', 'incident_uncovered', 'short_buffer', 'black_video', 'obstructed_view', 'frozen_video', 'timestamp_gap', 'audio_missing', 'audio_muted', 'decode_error', 'object_missing', 'metadata_missing', 'truncated', 'unreadable', 'hash_mismatch', 'duration_mismatch', 'sequence_gap', 'duplicate', 'late_upload', 'retention_risk', 'clock_offset', 'clock_jump', 'clock_drift', 'incident_id_missing', 'incident_id_wrong', 'category_missing')",
            name="ck_finding_kind_known",
        ),
        sa.CheckConstraint("state IN ('open', 'resolved')", name="ck_finding_state_known"),
        sa.ForeignKeyConstraint(["first_run_id"], ["run.run_id"], name="fk_finding_first_run_id"),
        sa.ForeignKeyConstraint(["last_run_id"], ["run.run_id"], name="fk_finding_last_run_id"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_finding"),
    )
    op.create_index("ix_finding_finding_id", "finding", ["finding_id"])
    op.create_index("ix_finding_incident_id", "finding", ["incident_id"])
    op.create_table(
        "run_incident",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the incidents of the run, from 0"),
        sa.Column("call_type", sa.Text(), nullable=False, comment="as written in the source"),
        sa.Column("priority", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("opened_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, CAD clock"),
        sa.Column(
            "closed_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, CAD clock; null: still open or not stated",
        ),
        sa.Column("area", sa.Text(), nullable=True, comment="null: not stated"),
        sa.Column("uncovered", sa.JSON(), nullable=True, comment="spans no camera covered; null: could not be said"),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_incident_ordinal_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_incident_run_id"),
        sa.PrimaryKeyConstraint("run_id", "incident_id", name="pk_run_incident"),
    )
    op.create_table(
        "run_result",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column("officer_id", sa.Text(), nullable=False, comment="officer, as resolved"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the results of the run, from 0"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="covered, findings, pending, unknown or excluded"),
        sa.Column("reason", sa.Text(), nullable=True, comment="bucket or reason; null: covered or findings"),
        sa.Column("unit_id", sa.Text(), nullable=True, comment="unit on the call; null: not stated"),
        sa.Column("unit", sa.Text(), nullable=True, comment="the officer's unit on the roster; null: not known"),
        sa.Column("call_type", sa.Text(), nullable=True, comment="null: the incident was not read"),
        sa.Column("window_start_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: no required window"),
        sa.Column("window_end_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: no required window"),
        sa.Column("window_start_reference", sa.Text(), nullable=True, comment="what opened the window; null: none"),
        sa.Column("window_end_reference", sa.Text(), nullable=True, comment="what closed the window; null: none"),
        sa.Column(
            "window_is_substituted", sa.Boolean(), nullable=True, comment="a fallback reference was used; null: no window"
        ),
        sa.Column(
            "dispatched_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, CAD clock; null: not recorded"
        ),
        sa.Column("en_route_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, CAD clock; null: not recorded"),
        sa.Column(
            "on_scene_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, CAD clock, first arrival; null: not recorded",
        ),
        sa.Column(
            "cleared_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, CAD clock, last clear; null: not recorded",
        ),
        sa.Column("required_us", sa.BigInteger(), nullable=False, comment="required time"),
        sa.Column("covered_us", sa.BigInteger(), nullable=False, comment="recorded part of it"),
        sa.Column("usable_us", sa.BigInteger(), nullable=True, comment="usable part of that; null: no picture was examined"),
        sa.Column("unexamined_us", sa.BigInteger(), nullable=False, comment="covered time whose picture was not examined"),
        sa.Column(
            "lateness_us",
            sa.BigInteger(),
            nullable=True,
            comment="activation minus window start, negative: already running; null: no footage",
        ),
        sa.Column("is_on_time", sa.Boolean(), nullable=True, comment="activated within the grace; null: not judged"),
        sa.Column("is_whole_window", sa.Boolean(), nullable=True, comment="no firm gap at all; null: not judged"),
        sa.Column(
            "uncertainty_us", sa.BigInteger(), nullable=True, comment="combined clock uncertainty; null: no clocks compared"
        ),
        sa.Column("covered", sa.JSON(), nullable=False, comment="covered spans of the required time"),
        sa.Column("gaps", sa.JSON(), nullable=False, comment="the rest of the required time"),
        sa.Column("unusable", sa.JSON(), nullable=False, comment="covered spans in which nothing can be seen or relied on"),
        sa.Column("footage_ids", sa.JSON(), nullable=False, comment="segments that touch the window"),
        sa.Column("not_examined", sa.JSON(), nullable=False, comment="what could not be examined, a sentence each"),
        sa.CheckConstraint(
            "outcome IN ('covered', 'findings', 'pending', 'unknown', 'excluded')", name="ck_run_result_outcome_known"
        ),
        sa.CheckConstraint(
            "outcome NOT IN ('pending', 'unknown', 'excluded') OR reason IS NOT NULL", name="ck_run_result_reason_given"
        ),
        sa.CheckConstraint("covered_us <= required_us", name="ck_run_result_covered_within_required"),
        sa.CheckConstraint("covered_us >= 0", name="ck_run_result_covered_us_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_result_ordinal_not_negative"),
        sa.CheckConstraint("required_us >= 0", name="ck_run_result_required_us_not_negative"),
        sa.CheckConstraint("uncertainty_us >= 0", name="ck_run_result_uncertainty_us_not_negative"),
        sa.CheckConstraint("unexamined_us >= 0", name="ck_run_result_unexamined_us_not_negative"),
        sa.CheckConstraint("usable_us >= 0", name="ck_run_result_usable_us_not_negative"),
        sa.CheckConstraint("window_end_us > window_start_us", name="ck_run_result_window_end_us_after_window_start_us"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_result_run_id"),
        sa.PrimaryKeyConstraint("run_id", "incident_id", "officer_id", name="pk_run_result"),
    )
    op.create_index("ix_run_result_incident_id_run_id", "run_result", ["incident_id", "run_id"])
    op.create_table(
        "run_segment",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the segments of the run, from 0"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column("footage_id", sa.Text(), nullable=False, comment="segment"),
        sa.Column("recording_id", sa.Text(), nullable=False, comment="recording"),
        sa.Column("device_id", sa.Text(), nullable=False, comment="camera"),
        sa.Column("officer_id", sa.Text(), nullable=True, comment="null: nobody known"),
        sa.Column("start_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, corrected, included"),
        sa.Column("end_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, corrected, excluded"),
        sa.Column("activated_us", sa.BigInteger(), nullable=True, comment="microseconds UTC, corrected; null: not recorded"),
        sa.Column(
            "offset_us", sa.BigInteger(), nullable=False, comment="device clock minus true time, as estimated; 0: none known"
        ),
        sa.Column("uncertainty_us", sa.BigInteger(), nullable=False, comment="clock uncertainty of the placement"),
        sa.Column("role", sa.Text(), nullable=False, comment="matched by officer and time, or tagged by hand only"),
        sa.Column("object_key", sa.Text(), nullable=True, comment="video inside the source; null: none named"),
        sa.Column("inspection_status", sa.Text(), nullable=True, comment="null: the video was not looked into"),
        sa.Column("unusable", sa.JSON(), nullable=False, comment="[kind, start_us, end_us] of unusable time, corrected"),
        sa.Column("not_examined", sa.JSON(), nullable=False, comment="what could not be examined, a sentence each"),
        sa.CheckConstraint("end_us > start_us", name="ck_run_segment_end_us_after_start_us"),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_segment_ordinal_not_negative"),
        sa.CheckConstraint("uncertainty_us >= 0", name="ck_run_segment_uncertainty_us_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_segment_run_id"),
        sa.PrimaryKeyConstraint("run_id", "ordinal", name="pk_run_segment"),
    )
    op.create_index("ix_run_segment_run_id_incident_id", "run_segment", ["run_id", "incident_id"])
    op.create_table(
        "disposition",
        sa.Column("disposition_id", sa.Integer(), nullable=False, comment="own number, ascending in order of arrival"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="finding"),
        sa.Column("decision", sa.Text(), nullable=False, comment="what was decided"),
        sa.Column("reason_code", sa.Text(), nullable=True, comment="code of the reason; null: none given"),
        sa.Column("comment", sa.Text(), nullable=False, comment="the reviewer's words; empty: none"),
        sa.Column("reviewer", sa.Text(), nullable=False, comment="who decided"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.CheckConstraint("decision <> ''", name="ck_disposition_decision_given"),
        sa.CheckConstraint("reviewer <> ''", name="ck_disposition_reviewer_named"),
        sa.ForeignKeyConstraint(["fingerprint"], ["finding.fingerprint"], name="fk_disposition_fingerprint"),
        sa.PrimaryKeyConstraint("disposition_id", name="pk_disposition"),
    )
    op.create_index("ix_disposition_fingerprint", "disposition", ["fingerprint"])
    op.create_table(
        "observation",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="finding"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the findings of the run, from 0"),
        sa.Column("state", sa.Text(), nullable=False, comment="open or resolved, as of this run"),
        sa.Column("change", sa.Text(), nullable=False, comment="against the previous run that looked at the same"),
        sa.Column("cause", sa.Text(), nullable=True, comment="why it changed; null: it did not, or it is new"),
        sa.Column(
            "at_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC: earliest time it speaks of; null: it names none",
        ),
        sa.Column("severity", sa.Text(), nullable=False, comment="low, medium or high"),
        sa.Column("message", sa.Text(), nullable=False, comment="the fact in a sentence"),
        sa.Column("device_id", sa.Text(), nullable=True, comment="camera; null: none"),
        sa.Column("recording_id", sa.Text(), nullable=True, comment="recording; null: none"),
        sa.Column("seconds_us", sa.BigInteger(), nullable=False, comment="what was measured, microseconds"),
        sa.Column(
            "uncertainty_us", sa.BigInteger(), nullable=True, comment="combined clock uncertainty; null: no clocks compared"
        ),
        sa.Column(
            "margin_us",
            sa.BigInteger(),
            nullable=True,
            comment="smallest clock error that would make it vanish; null: none could",
        ),
        sa.Column(
            "is_borderline", sa.Boolean(), nullable=False, comment="margin within the uncertainty: shown, not counted"
        ),
        sa.Column("window_start_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: no window"),
        sa.Column("window_end_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: no window"),
        sa.Column("window_start_reference", sa.Text(), nullable=True, comment="what opened the window; null: none"),
        sa.Column("window_end_reference", sa.Text(), nullable=True, comment="what closed the window; null: none"),
        sa.Column(
            "window_is_substituted", sa.Boolean(), nullable=True, comment="a fallback reference was used; null: no window"
        ),
        sa.Column("spans", sa.JSON(), nullable=False, comment="spans it speaks of"),
        sa.Column("footage_ids", sa.JSON(), nullable=False, comment="segments it rests on"),
        sa.Column("evidence", sa.JSON(), nullable=False, comment="type, ref, at_us, sha256 of what a stranger can look up"),
        sa.Column("not_examined", sa.JSON(), nullable=False, comment="what could not be examined, a sentence each"),
        sa.Column("content_digest", sa.Text(), nullable=False, comment="SHA-256 over the content of the finding"),
        sa.CheckConstraint("(change = 'resolved') = (state = 'resolved')", name="ck_observation_resolved_is_resolved"),
        sa.CheckConstraint(
            "change IN ('appeared', 'changed', 'unchanged', 'resolved', 'reopened')", name="ck_observation_change_known"
        ),
        sa.CheckConstraint("severity IN ('low', 'medium', 'high')", name="ck_observation_severity_known"),
        sa.CheckConstraint("state IN ('open', 'resolved')", name="ck_observation_state_known"),
        sa.CheckConstraint("ordinal >= 0", name="ck_observation_ordinal_not_negative"),
        sa.CheckConstraint("uncertainty_us >= 0", name="ck_observation_uncertainty_us_not_negative"),
        sa.CheckConstraint("window_end_us > window_start_us", name="ck_observation_window_end_us_after_window_start_us"),
        sa.ForeignKeyConstraint(["fingerprint"], ["finding.fingerprint"], name="fk_observation_fingerprint"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_observation_run_id"),
        sa.PrimaryKeyConstraint("run_id", "fingerprint", name="pk_observation"),
    )
    op.create_index("ix_observation_fingerprint", "observation", ["fingerprint"])
    op.create_table(
        "explanation",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="finding"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the explanations, from 0"),
        sa.Column("kind", sa.Text(), nullable=False, comment="kind of explanation"),
        sa.Column("speaks_for", sa.JSON(), nullable=False, comment="what speaks for it"),
        sa.Column("speaks_against", sa.JSON(), nullable=False, comment="what speaks against it"),
        sa.CheckConstraint(
            "kind IN ('tagged_elsewhere', 'unassigned_device', 'other_officer', 'pending_upload', 'device_off', 'deleted', 'never_arrived', 'no_camera', 'video_without_metadata')",
            name="ck_explanation_kind_known",
        ),
        sa.CheckConstraint("ordinal >= 0", name="ck_explanation_ordinal_not_negative"),
        sa.ForeignKeyConstraint(
            ["run_id", "fingerprint"],
            ["observation.run_id", "observation.fingerprint"],
            name="fk_explanation_run_id_fingerprint",
        ),
        sa.PrimaryKeyConstraint("run_id", "fingerprint", "ordinal", name="pk_explanation"),
    )


def _create_policies() -> None:
    op.create_table(
        "policy",
        sa.Column("policy_hash", sa.Text(), nullable=False, comment="SHA-256 of all settings and clause texts"),
        sa.Column("policy_id", sa.Text(), nullable=False, comment="policy pack"),
        sa.Column("policy_version", sa.Text(), nullable=False, comment="version of the pack"),
        sa.Column("content", sa.JSON(), nullable=False, comment="all settings and clauses"),
        sa.PrimaryKeyConstraint("policy_hash", name="pk_policy"),
    )


def _create_plans() -> None:
    op.create_table(
        "planned_inspection",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place in the plan, from 0"),
        sa.Column("object_key", sa.Text(), nullable=False, comment="video inside the source"),
        sa.Column("etag", sa.Text(), nullable=False, comment="version mark of the store"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="bytes, as the store lists it"),
        sa.Column("request", sa.JSON(), nullable=False, comment="what is asked for: spans, expected length, buffer, depth"),
        sa.Column("state", sa.Text(), nullable=False, comment="planned, reused, examined or failed"),
        sa.Column("detail", sa.Text(), nullable=False, comment="why it failed; empty: it did not"),
        sa.CheckConstraint("state IN ('planned', 'reused', 'examined', 'failed')", name="ck_planned_inspection_state_known"),
        sa.CheckConstraint("ordinal >= 0", name="ck_planned_inspection_ordinal_not_negative"),
        sa.CheckConstraint("size_bytes >= 0", name="ck_planned_inspection_size_bytes_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_planned_inspection_run_id"),
        sa.PrimaryKeyConstraint("run_id", "ordinal", name="pk_planned_inspection"),
    )


def _guard_sqlite() -> None:
    for table, key in (("disposition", "disposition_id"), ("run", "run_id")):
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted'); END"
        )
        # INSERT OR REPLACE deletes without asking the trigger above.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are never replaced'); END"
        )
    op.execute(
        "CREATE TRIGGER disposition_no_update BEFORE UPDATE ON disposition "
        "BEGIN SELECT RAISE(ABORT, 'disposition rows are never changed'); END"
    )
    op.execute(
        "CREATE TRIGGER run_finished BEFORE UPDATE ON run WHEN OLD.status <> 'running' "
        "BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END"
    )
    for table in _OF_A_RUN:
        for verb, row in (("insert", "NEW"), ("update", "OLD"), ("delete", "OLD")):
            op.execute(
                f"CREATE TRIGGER {table}_finished_{verb} BEFORE {verb.upper()} ON {table} "
                f"WHEN (SELECT status FROM run WHERE run_id = {row}.run_id) <> 'running' "
                "BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END"
            )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION bwc_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% rows are never changed or deleted', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION bwc_refuse_finished() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE touched text; "
        "BEGIN "
        "IF TG_OP = 'INSERT' THEN touched := NEW.run_id; ELSE touched := OLD.run_id; END IF; "
        "IF (SELECT status FROM run WHERE run_id = touched) <> 'running' "
        "THEN RAISE EXCEPTION 'a finished run is never changed'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; "
        "RETURN NEW; "
        "END $$"
    )
    for table, events in (("disposition", "UPDATE OR DELETE"), ("run", "DELETE")):
        op.execute(f"CREATE TRIGGER {table}_kept BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION bwc_refuse()")
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
        )
    op.execute("CREATE TRIGGER run_finished BEFORE UPDATE ON run FOR EACH ROW EXECUTE FUNCTION bwc_refuse_finished()")
    for table in _OF_A_RUN:
        op.execute(
            f"CREATE TRIGGER {table}_finished BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION bwc_refuse_finished()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
        )
