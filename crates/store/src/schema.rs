//! The tables of both halves, the same for both backends. Checked against the databases by the tests.

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// What this store is: one row.
    store_meta (id) {
        /// Always 1.
        id -> Integer,
        /// Random name of the store; part of the additional data of every encryption.
        store_id -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// What makes a message the same message; gives it its number. Append-only.
    inbox_key (id) {
        /// The number of the message.
        id -> BigInt,
        /// The transaction that wrote it, for admission to the queue in an order that skips nothing.
        xid -> BigInt,
        /// Who said it.
        provider -> Text,
        /// The integration whose secret verified it.
        integration -> Text,
        /// Event id, or api:<type>:<object id>.
        source_id -> Text,
        /// Digest without volatile fields.
        substance -> Binary,
        /// main, or other_mode: genuine, of the other mode, never booked.
        lane -> Text,
        /// When it reached us.
        received_at -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// The message as received: compressed, then encrypted. Append-only.
    inbox_message (id) {
        /// The number of the message.
        id -> BigInt,
        /// UUIDv7 that binds the ciphertext to its row.
        uuid -> Binary,
        /// How it came: webhook or read.
        origin -> Text,
        /// Event or object type.
        kind -> Text,
        /// The time of the event or answer.
        observed_at -> Utc,
        /// When it reached us.
        received_at -> Utc,
        /// The account that it names.
        account -> Nullable<Text>,
        /// SHA-256 of the payload as received.
        sha256 -> Binary,
        /// The payload.
        ciphertext -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// The wrapped key of each message; outside of what is append-only, since keys are wrapped anew.
    message_key (message_id) {
        /// The message.
        message_id -> BigInt,
        /// The message key, wrapped.
        wrapped_key -> Binary,
        /// The name of the key that wraps it.
        key_name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Keys wrapped by other keys.
    wrapped_key (name) {
        /// Its name.
        name -> Text,
        /// The name of the key that wraps it.
        wrapped_by -> Text,
        /// The wrapped key.
        wrapped -> Binary,
        /// When it was made.
        created_at -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Configured accounts at providers.
    integration (id) {
        /// Its id.
        id -> Text,
        /// The provider.
        provider -> Text,
        /// The provider's id of the account.
        account -> Nullable<Text>,
        /// Live or test.
        livemode -> Bool,
        /// Where the API is, when not at its published address.
        api_base -> Nullable<Text>,
        /// The secrets, encrypted.
        sealed_secrets -> Binary,
        /// Raised with each change.
        version -> BigInt,
        /// When it was made.
        created_at -> Utc,
        /// When it was stopped.
        deleted_at -> Nullable<Utc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Keys of callers of the API; the secrets themselves are not kept.
    api_key (id) {
        /// Its id, part of the text of the key.
        id -> Text,
        /// A name for people.
        label -> Text,
        /// HMAC-SHA-256 of the secret.
        secret_hash -> Binary,
        /// Names of its roles, with commas between.
        roles -> Text,
        /// When it was made.
        created_at -> Utc,
        /// When it ends.
        expires_at -> Utc,
        /// When it was revoked.
        revoked_at -> Nullable<Utc>,
        /// Ids of the suppliers that it is limited to, with commas between; null: all.
        suppliers -> Nullable<Text>,
        /// When it was last used, to the minute or so.
        last_used_at -> Nullable<Utc>,
        /// The id of the key that it takes the place of.
        replaces -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Dashboard sessions and one-time links.
    session (token_hash) {
        /// SHA-256 of the token.
        token_hash -> Binary,
        /// The API key that it stands for.
        key_id -> Text,
        /// True for a link that works once.
        one_time -> Bool,
        /// When it ends.
        expires_at -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Where walks through lists of providers stand.
    read_cursor (integration, list) {
        /// The integration.
        integration -> Text,
        /// The list.
        list -> Text,
        /// The cursor of the provider; null: from the beginning.
        cursor -> Nullable<Text>,
        /// When it last moved.
        updated_at -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Counters.
    tally (scope, name) {
        /// Integration, or provider where none is known.
        scope -> Text,
        /// What is counted.
        name -> Text,
        /// How often.
        count -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Up to where messages were admitted to the queue: one row.
    watermark (id) {
        /// Always 1.
        id -> Integer,
        /// Transaction of the last one.
        xid -> BigInt,
        /// Number of the last one.
        message_id -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// How far the work on each message got.
    work (message_id) {
        /// The message.
        message_id -> BigInt,
        /// Its integration.
        integration -> Text,
        /// When it came.
        received_at -> Utc,
        /// pending, done, dead or quarantined.
        status -> Text,
        /// How often it was claimed.
        attempts -> Integer,
        /// How often an attempt ended with a wish to try again.
        retries -> Integer,
        /// Until when a worker has it.
        lease_until -> Nullable<Utc>,
        /// When it may be tried again.
        not_before -> Nullable<Utc>,
        /// Cause class of a failure.
        class -> Nullable<Text>,
        /// What is wrong, redacted.
        reason -> Nullable<Text>,
        /// When it was given up.
        failed_at -> Nullable<Utc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// At this time, this object looked like this.
    observation (id) {
        /// Its number.
        id -> BigInt,
        /// The object.
        object -> Text,
        /// When it looked so.
        observed_at -> Utc,
        /// Event id, or api:<type>:<object id>.
        source_id -> Text,
        /// The version of the mapping.
        mapping_version -> Integer,
        /// webhook or read.
        origin -> Text,
        /// The message that showed it.
        message_id -> BigInt,
        /// The integration of the message.
        integration -> Text,
        /// The kind of object.
        kind -> Text,
        /// The state, without personal data.
        body -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// How objects name each other.
    edge (child, relation, parent) {
        /// The object that names.
        child -> Text,
        /// parent, pays or of_invoice.
        relation -> Text,
        /// The object that is named.
        parent -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Cases that must be booked.
    dirty (anchor) {
        /// The case.
        anchor -> Text,
        /// Raised with each mark.
        version -> BigInt,
        /// When it was first marked.
        marked_at -> Utc,
        /// Until when a worker has it.
        lease_until -> Nullable<Utc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Cases, and the sequence of the last entry of each; its row is the lock of the case.
    ledger_case (anchor) {
        /// The case.
        anchor -> Text,
        /// Of the last entry; 0 before the first.
        sequence -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Cases that could not be computed.
    stuck_case (anchor) {
        /// The case.
        anchor -> Text,
        /// Why.
        reason -> Text,
        /// Since when.
        since -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Balanced entries. Append-only; written after its postings.
    ledger_entry (anchor, sequence) {
        /// The case.
        anchor -> Text,
        /// Within the case, from 1.
        sequence -> Integer,
        /// The block.
        block -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Signed amounts on accounts, debit positive. Append-only.
    posting (id) {
        /// Its number.
        id -> BigInt,
        /// The case.
        anchor -> Text,
        /// The entry within the case.
        sequence -> Integer,
        /// The account.
        account -> Text,
        /// Whose money.
        party -> Text,
        /// The integration of the message that showed it.
        integration -> Text,
        /// ISO 4217.
        currency -> Text,
        /// Whole minor units, debit positive.
        amount_minor -> BigInt,
        /// How many objects of the account's kind.
        quantity -> BigInt,
        /// When it became true in the world.
        effective_at -> Utc,
        /// The object that it speaks of.
        fact -> Text,
        /// The message that showed it.
        source_message -> BigInt,
        /// The block.
        block -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Sealed blocks of the journal. Append-only.
    block (number) {
        /// Its number, from 1.
        number -> BigInt,
        /// When it was recorded.
        recorded_at -> Utc,
        /// Hash of the block before.
        previous_hash -> Binary,
        /// Its hash.
        hash -> Binary,
        /// How many entries it holds.
        entries -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// The newest block: one row, the lock under which blocks are sealed.
    ledger_head (id) {
        /// Always 1.
        id -> Integer,
        /// Its number; 0 before the first.
        number -> BigInt,
        /// When it was recorded.
        recorded_at -> Utc,
        /// Its hash.
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Which message each case first saw in which block. Append-only.
    block_log (anchor, message_id, mapping_version) {
        /// The case.
        anchor -> Text,
        /// The message.
        message_id -> BigInt,
        /// The mapping.
        mapping_version -> Integer,
        /// The block.
        block -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Up to when sources were known to be complete, by block. Append-only.
    block_completeness (block, integration) {
        /// The block.
        block -> BigInt,
        /// The integration.
        integration -> Text,
        /// Up to when.
        complete_through -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Sums of all postings, for questions about the present.
    running_total (party, account, currency) {
        /// Whose money.
        party -> Text,
        /// The account.
        account -> Text,
        /// ISO 4217.
        currency -> Text,
        /// Whole minor units, debit positive.
        amount_minor -> BigInt,
        /// How many objects.
        quantity -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Customers that have postings or facts.
    party (key) {
        /// The party.
        #[sql_name = "party"]
        key -> Text,
        /// Its supplier.
        supplier_id -> Text,
        /// The block in which it first appeared.
        first_block -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// What cases say beside their postings: versions by block, the newest counts. Append-only.
    fact (anchor, kind, party, block) {
        /// The case.
        anchor -> Text,
        /// What it speaks of: contract, discount, billed, dunning, return or rate.
        kind -> Text,
        /// Whose it is.
        party -> Text,
        /// The block.
        block -> BigInt,
        /// A list as JSON, as it was sealed; an empty one: it says it no more.
        body -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Long work, with leases.
    job (id) {
        /// Its id.
        id -> Text,
        /// What is to be done.
        kind -> Text,
        /// At most one job of a key is queued or running; null: any number.
        key -> Nullable<Text>,
        /// What it is about.
        input -> Doc,
        /// queued, running, done, failed or cancelled.
        status -> Text,
        /// A higher one goes first.
        priority -> Integer,
        /// Not before.
        run_at -> Utc,
        /// How often it was begun.
        attempts -> Integer,
        /// Until when a worker has it.
        lease_until -> Nullable<Utc>,
        /// Raised with each claim, so that a worker that lost it can write no more.
        lease_token -> BigInt,
        /// How far it got.
        progress -> Doc,
        /// What it gave.
        result -> Nullable<Doc>,
        /// What went wrong last, redacted.
        error -> Nullable<Text>,
        /// Whether it is to be called off at the next step.
        cancel_asked -> Bool,
        /// Who asked for it.
        requested_by -> Text,
        /// When it was asked for.
        created_at -> Utc,
        /// When it last changed.
        updated_at -> Utc,
        /// When it ended.
        ended_at -> Nullable<Utc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// When each schedule last fired.
    schedule (name) {
        /// Its name.
        name -> Text,
        /// When it last fired.
        fired_at -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Requests with one effect, and the answers that repetitions get.
    idempotency (principal, key) {
        /// Who asks.
        principal -> Text,
        /// The caller's key.
        key -> Text,
        /// Method and path.
        route -> Text,
        /// SHA-256 of the request.
        request_hash -> Binary,
        /// The HTTP status; null while it is in flight.
        status -> Nullable<Integer>,
        /// The content type of the answer.
        content_type -> Nullable<Text>,
        /// The Location header of the answer.
        location -> Nullable<Text>,
        /// The body of the answer.
        body -> Nullable<Binary>,
        /// When one in flight may be begun anew.
        in_flight_until -> Utc,
        /// When it may be forgotten.
        keep_until -> Utc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// Who did what. Chained, without gaps. Append-only.
    audit (seq) {
        /// Its place, from 1, without gaps.
        seq -> BigInt,
        /// When.
        at -> Utc,
        /// key, session, command, system or nobody.
        actor_kind -> Text,
        /// The id of the key; never the key.
        actor_id -> Text,
        /// The roles, with commas between.
        actor_roles -> Text,
        /// What was done.
        action -> Text,
        /// On what; never values of personal data.
        object -> Text,
        /// done, denied or failed.
        outcome -> Text,
        /// Why, as given by the person.
        reason -> Nullable<Text>,
        /// The request.
        request_id -> Nullable<Text>,
        /// Keyed hash of the address.
        source_ip_hash -> Nullable<Text>,
        /// Digest of the object before.
        before_digest -> Nullable<Text>,
        /// Digest of the object after.
        after_digest -> Nullable<Text>,
        /// The version of the code.
        code_version -> Text,
        /// The newest block of the ledger when it was recorded.
        block -> BigInt,
        /// The hash of that block.
        block_hash -> Binary,
        /// The hash of the record before.
        previous_hash -> Binary,
        /// Its hash.
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// The newest record of the audit log: one row, the lock under which records are chained.
    audit_head (id) {
        /// Always 1.
        id -> Integer,
        /// Its place; 0 before the first.
        seq -> BigInt,
        /// Its hash.
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Doc, Utc};

    /// What people decided on dead letters.
    dead_letter_decision (message_id) {
        /// The message.
        message_id -> BigInt,
        /// How often it was retried by people.
        redrives -> Integer,
        /// Who proposes to discard it.
        discard_proposed_by -> Nullable<Text>,
        /// Why.
        discard_reason -> Nullable<Text>,
        /// When it was proposed.
        discard_proposed_at -> Nullable<Utc>,
        /// Who agreed.
        discard_approved_by -> Nullable<Text>,
        /// Whether it takes a second person to agree.
        bears_money -> Bool,
        /// When it was discarded.
        discarded_at -> Nullable<Utc>,
    }
}

diesel::joinable!(posting -> block (block));

// Only what is read together: all pairs of all tables would cost the compiler half a minute.
diesel::allow_tables_to_appear_in_same_query!(inbox_key, inbox_message, message_key);
diesel::allow_tables_to_appear_in_same_query!(block, posting);
diesel::allow_tables_to_appear_in_same_query!(block, ledger_entry);
diesel::allow_tables_to_appear_in_same_query!(block, block_log);
diesel::allow_tables_to_appear_in_same_query!(block, block_completeness);
diesel::allow_tables_to_appear_in_same_query!(block, fact);
