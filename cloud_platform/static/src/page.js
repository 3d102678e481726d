/** @odoo-module **/

import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {humanNumber, humanSize, localTime, relativeTime} from "./formats";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const WATCH_EVERY_MS = 2000;
const COLORS = ["primary", "info", "success", "warning", "secondary"];
const STATES = {up: "success", down: "danger", off: "secondary"};
const ICONS = {
    database: "fa-database",
    redis: "fa-bolt",
    store: "fa-cloud",
    sessions: "fa-users",
    logs: "fa-file-text-o",
    metrics: "fa-line-chart",
};
const CHECK_ICONS = {
    error: "fa-times-circle text-danger",
    warning: "fa-exclamation-triangle text-warning",
    passed: "fa-check-circle text-success",
};

/**
 * Settings > Technical > Cloud Platform: a page that shows the status document, and starts,
 * watches and stops the work in the background.
 */
export class CloudPlatformPage extends Component {
    setup() {
        this.orm = useService("orm");
        this.state = useState({
            page: null,
            work: {moves: [], comparisons: []},
            busy: false,
            error: "",
            dimension: "model",
        });
        Object.assign(this, {humanNumber, humanSize, localTime, relativeTime});
        this.display = {controlPanel: {}};
        onWillStart(() => this.load());
        onWillUnmount(() => clearTimeout(this.timer));
    }

    async load() {
        this.showPage(await this.call("page"));
    }

    async refresh() {
        await this.once(() => this.load());
    }

    async install(kind) {
        await this.once(async () => this.showPage(await this.call("start_install", kind)));
    }

    async startMove() {
        await this.once(async () => this.showWork(await this.call("start_move")));
    }

    async stopMove() {
        await this.once(async () => this.showWork(await this.call("stop_move")));
    }

    async startComparison() {
        await this.once(async () => this.showWork(await this.call("start_comparison")));
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.watch(), WATCH_EVERY_MS);
    }

    // The services

    get tiles() {
        return (this.state.page.services.services || []).map((service) => ({
            ...service,
            key: `${service.kind} ${service.name}`,
            color: STATES[service.state],
            icon: ICONS[service.kind],
            title: this.serviceTitle(service),
            text: this.serviceText(service),
        }));
    }

    serviceTitle({kind}) {
        const titles = {
            database: "PostgreSQL",
            redis: "Redis",
            store: _t("File storage"),
            sessions: _t("User sessions"),
            logs: _t("Logs"),
            metrics: _t("Metrics"),
        };
        return titles[kind];
    }

    serviceText({kind, state, name}) {
        if (state === "down") {
            return _t("Cannot be reached");
        }
        if (kind === "logs") {
            return name === "JSON" ? "JSON" : _t("Text");
        }
        if (kind === "sessions") {
            return name === "files" ? _t("In files") : _t("In %(name)s", {name});
        }
        return state === "off"
            ? _t("Switched off")
            : name && kind === "metrics"
              ? name
              : _t("Works");
    }

    // The checks

    get checkGroups() {
        const {checks, groups} = this.state.page.checks;
        return Object.entries(groups || {})
            .map(([id, name]) => {
                const rows = checks.filter((check) => check.group === id);
                return {id, name, rows: rows.map((row, index) => ({...row, key: index}))};
            })
            .filter((group) => group.rows.length);
    }

    get failedChecks() {
        return (this.state.page.checks.checks || []).filter((check) => check.state !== "passed");
    }

    checkIcon(check) {
        return CHECK_ICONS[check.state];
    }

    get levels() {
        return {error: _t("Error"), warning: _t("Warning"), passed: _t("Passed")};
    }

    // The attachments and their usage

    get storages() {
        const places = this.state.page.usage.place || [];
        const total = places.reduce((sum, {bytes}) => sum + bytes, 0);
        return places.map(({name, files, bytes}, index) => ({
            place: name,
            label: this.placeLabel(name),
            files,
            size: humanSize(bytes),
            percent: total ? (100 * bytes) / total : 0,
            color: COLORS[index % COLORS.length],
        }));
    }

    placeLabel(name) {
        return {db: _t("Database"), file: _t("Local disk")}[name] || name;
    }

    get dimensions() {
        return [
            {id: "model", name: _t("Model")},
            {id: "company", name: _t("Company")},
            {id: "mimetype", name: _t("File type")},
            {id: "age", name: _t("Age")},
        ];
    }

    get usageRows() {
        const {usage} = this.state.page;
        const rows = usage[this.state.dimension] || [];
        const largest = Math.max(1, ...rows.map(({bytes}) => bytes));
        return rows.slice(0, 8).map((row, index) => ({
            key: index,
            label: this.usageLabel(row.name),
            files: humanNumber(row.files),
            size: humanSize(row.bytes),
            percent: (100 * row.bytes) / largest,
        }));
    }

    usageLabel(name) {
        const {dimension, page} = this.state;
        if (dimension === "company") {
            return page.usage.company_names[name] || _t("No company");
        }
        const ages = {
            month: _t("Less than 30 days"),
            year: _t("Less than a year"),
            older: _t("Older"),
        };
        return (dimension === "age" && ages[name]) || name || _t("Without");
    }

    get deduplication() {
        const {logical, stored} = this.state.page.usage;
        return _t("%(stored)s stored for %(logical)s of attachments", {
            stored: humanSize(stored.bytes),
            logical: humanSize(logical.bytes),
        });
    }

    get retention() {
        const {retention_days, marks} = this.state.page.attachments;
        return _t("%(marks)s marks; deleted files are kept for %(days)s days.", {
            marks: humanNumber(marks),
            days: retention_days,
        });
    }

    get spilled() {
        const {files, bytes} = this.state.page.attachments.spilled;
        return _t("%(files)s new files (%(size)s) wait in the database for the file storage.", {
            files,
            size: humanSize(bytes),
        });
    }

    get comparison() {
        return this.comparisonText(this.state.page.attachments.comparison);
    }

    comparisonText({state, missing, marked, message}) {
        if (state === "running") {
            return _t("The comparison is running.");
        }
        if (state === "failed") {
            return _t(
                "The last comparison of the file storage with the database failed: %(message)s",
                {message}
            );
        }
        return _t(
            "The last comparison of the file storage with the database found %(missing)s missing files and %(marked)s files without an attachment.",
            {missing, marked}
        );
    }

    get standing() {
        const standings = {
            owner: _t("This database owns its files"),
            copy: _t("This is a copy: it only reads files"),
            fork: _t("This copy has separate files"),
            none: _t("No file storage is in use"),
            unknown: _t("No database owns the files"),
        };
        const {standing} = this.state.page.ownership;
        return standings[standing] || standing;
    }

    get owner() {
        const {owner} = this.state.page.ownership;
        return owner ? `${owner.database} (${owner.environment})` : "";
    }

    // The work

    get move() {
        return this.state.work.moves[0];
    }

    get isMoving() {
        return Boolean(this.move) && ["running", "stopping"].includes(this.move.state);
    }

    get runningComparison() {
        return this.state.work.comparisons.find(({state}) => state === "running");
    }

    get percent() {
        const {moved, failed, total} = this.move;
        return total ? Math.min(100, Math.round((100 * (moved + failed)) / total)) : 100;
    }

    get progress() {
        const {moved, total, location, failed, rate, seconds_left} = this.move;
        return _t(
            "%(moved)s of %(total)s files moved to %(location)s, %(rate)s a second, %(seconds)s seconds left, %(failed)s failed",
            {
                moved,
                total,
                location,
                failed,
                rate: Math.round(rate),
                seconds: Math.round(seconds_left),
            }
        );
    }

    outcome({state, moved, location, failed}) {
        const values = {moved, location, failed};
        if (state === "done") {
            return _t(
                "The last move is done: %(moved)s files moved to %(location)s, %(failed)s failed.",
                values
            );
        }
        if (state === "stopped") {
            return _t(
                "The last move was stopped: %(moved)s files moved to %(location)s, %(failed)s failed.",
                values
            );
        }
        return _t(
            "The last move failed: %(moved)s files moved to %(location)s, %(failed)s failed.",
            values
        );
    }

    get startLabel() {
        return this.move && this.move.state === "stopped" ? _t("Resume") : _t("Move them");
    }

    get elsewhere() {
        const {files, bytes} = this.state.page.usage.elsewhere || {files: 0, bytes: 0};
        const size = humanSize(bytes);
        return _t("%(files)s files (%(size)s) are not where they belong.", {files, size});
    }

    get canMove() {
        const {elsewhere, is_kept} = this.state.page.usage;
        return !this.state.busy && (is_kept || Boolean(elsewhere && elsewhere.files));
    }

    get runs() {
        const moves = this.state.work.moves.map((move) => ({
            key: `move ${move.id}`,
            began: move.create_date,
            title: _t("Move to %(location)s", move),
            state: move.state,
            text: _t("%(moved)s moved, %(failed)s failed", move),
            message: move.message,
        }));
        const comparisons = this.state.work.comparisons.map((run) => ({
            key: `comparison ${run.id}`,
            began: run.create_date,
            title: _t("Comparison of files and attachments"),
            state: run.state,
            text: _t("%(missing)s missing, %(marked)s without an attachment", run),
            message: run.message,
        }));
        return [...moves, ...comparisons].sort((a, b) => (a.began < b.began ? 1 : -1));
    }

    runState(state) {
        const states = {
            running: {text: _t("Running"), color: "info"},
            stopping: {text: _t("Stopping"), color: "warning"},
            stopped: {text: _t("Stopped"), color: "warning"},
            done: {text: _t("Done"), color: "success"},
            failed: {text: _t("Failed"), color: "danger"},
        };
        return states[state];
    }

    // The other parts

    get sessions() {
        return this.state.page.sessions === "files" ? _t("files") : this.state.page.sessions;
    }

    get sessionDatabases() {
        return Object.entries(this.state.page.session_store.databases || {});
    }

    get settingGroups() {
        const groups = {};
        for (const variable of this.state.page.settings.variables || []) {
            groups[variable.addon] = groups[variable.addon] || [];
            groups[variable.addon].push(variable);
        }
        return Object.entries(groups).map(([addon, variables]) => ({
            addon,
            variables,
            given: variables.filter(({source}) => source !== "default").length,
        }));
    }

    get sources() {
        return {environment: _t("environment"), default: _t("default")};
    }

    installLabel(kind) {
        return this.state.page.kind ? _t("Install again") : _t("Install on %(kind)s", {kind});
    }

    // Private

    call(method, ...args) {
        return this.orm.call("cloud.platform", method, args);
    }

    async once(work) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            await work();
        } finally {
            this.state.busy = false;
        }
    }

    showPage(page) {
        this.state.page = page;
        this.showWork(page.work);
    }

    showWork(work) {
        const wasBusy = this.isMoving || Boolean(this.runningComparison);
        // The present figures stay on the page if this part has an error
        this.state.work = work.error ? this.state.work : work;
        clearTimeout(this.timer);
        if (this.isMoving || this.runningComparison) {
            this.timer = setTimeout(() => this.watch(), WATCH_EVERY_MS);
        } else if (wasBusy) {
            this.load();
        }
    }

    async watch() {
        this.showWork(await this.call("latest_work"));
    }
}

CloudPlatformPage.components = {Layout};
CloudPlatformPage.template = "cloud_platform.Page";
CloudPlatformPage.props = ["*"];

registry.category("actions").add("cloud_platform.page", CloudPlatformPage);
