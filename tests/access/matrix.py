"""Who may do what: a row for every address and method, a column for everybody who asks.

Each cell is what is answered about the things of the operator Quartz: ``in`` is led to the sign-in page, ``302`` is led
on, ``422`` and ``400`` are told what is missing in an empty form or body, ``409`` that it is too late. ``POST!`` is
answered so to whoever showed lately who they are, and asks for that where it was longer ago. Who asks:

- anonymous; whoever is let in no more is answered the same (`test_let_in_no_more.py`)
- files and attests: Quartz's people, each with a second factor and what belongs to an account: who files has a
  security key, a token and another session; who attests has an app and recovery codes, and leads the others
- rival: of the operator Basalt
- provinces: a regulator of two provinces, one of them Quartz's; national: of the whole country, with an app
- analyst, and administrator

What is asked of Basalt's things follows: its people stand to these as Quartz's to Quartz's, who sees both is answered
the same, and for everybody else they are not there. ``submission.draft`` is the address of one that is in that state.
"""

TABLE = """
# One's own account
# address                         method anonymous files attests rival provinces national analyst administrator
account_change_password           GET    in        200   200     200   200       200      200     200
account_change_password           POST   in        422   422     422   422       422      422     422
account_change_password           PUT    in        422   422     422   422       422      422     422
account_confirm_email             GET    in        200   404     404   404       404      404     404
account_confirm_email             POST   in        302   404     404   404       404      404     404
account_email                     GET    in        200   200     200   200       200      200     200
account_email                     POST!  in        422   422     422   422       422      422     422
account_inactive                  GET    200       200   200     200   200       200      200     200
account_login                     GET    200       302   302     302   302       302      302     302
account_login                     POST   422       302   302     302   302       302      302     302
account_login                     PUT    422       302   302     302   302       302      302     302
account_login                     PATCH  405       302   302     302   302       302      302     302
account_login                     DELETE 405       302   302     302   302       302      302     302
account_logout                    GET    in        200   200     200   200       200      200     200
account_logout                    POST   in        in    in      in    in        in       in      in
account_reauthenticate            GET    in        302   302     302   200       302      200     200
account_reauthenticate            POST   in        302   302     302   422       302      422     422
account_reauthenticate            PUT    in        302   302     302   422       302      422     422
account_reauthenticate            PATCH  in        302   302     302   405       302      405     405
account_reauthenticate            DELETE in        302   302     302   405       302      405     405
account_reset_password            GET    200       200   200     200   200       200      200     200
account_reset_password            POST   422       422   422     422   422       422      422     422
account_reset_password            PUT    422       422   422     422   422       422      422     422
account_reset_password_done       GET    200       200   200     200   200       200      200     200
account_reset_password_from_key   GET    302       302   302     302   302       302      302     302
account_reset_password_from_key   POST   302       302   302     302   302       302      302     302
account_reset_password_from_key   PUT    302       302   302     302   302       302      302     302
account_reset_password_from_key   PATCH  302       302   302     302   302       302      302     302
account_reset_password_from_key   DELETE 302       302   302     302   302       302      302     302
account_reset_password_from_key_done GET    200       200   200     200   200       200      200     200
account_set_password              GET    in        302   302     302   302       302      302     302
account_set_password              POST   in        302   302     302   302       302      302     302
account_set_password              PUT    in        302   302     302   302       302      302     302
account_set_password              PATCH  in        302   302     302   302       302      302     302
account_set_password              DELETE in        302   302     302   302       302      302     302
held                              GET    in        200   200     200   200       200      200     200
held-file                         GET!   in        200   200     200   200       200      200     200
mfa_activate_totp                 GET!   in        200   302     200   200       302      200     200
mfa_activate_totp                 POST!  in        422   302     422   422       302      422     422
mfa_activate_totp                 PUT!   in        422   302     422   422       302      422     422
mfa_activate_totp                 PATCH! in        405   302     405   405       302      405     405
mfa_activate_totp                 DELETE! in        405   302     405   405       302      405     405
mfa_add_webauthn                  GET!   in        200   200     200   200       200      200     200
mfa_add_webauthn                  POST!  in        422   422     422   422       422      422     422
mfa_add_webauthn                  PUT!   in        422   422     422   422       422      422     422
mfa_authenticate                  GET    in        302   302     302   302       302      302     302
mfa_authenticate                  POST   in        302   302     302   302       302      302     302
mfa_authenticate                  PUT    in        302   302     302   302       302      302     302
mfa_authenticate                  PATCH  in        302   302     302   302       302      302     302
mfa_authenticate                  DELETE in        302   302     302   302       302      302     302
mfa_deactivate_totp               GET!   in        404   200     404   404       200      404     404
mfa_deactivate_totp               POST!  in        404   302     404   404       422      404     404
mfa_deactivate_totp               PUT!   in        404   302     404   404       422      404     404
mfa_generate_recovery_codes       GET!   in        200   200     200   200       200      200     200
mfa_generate_recovery_codes       POST!  in        302   302     302   422       302      422     422
mfa_generate_recovery_codes       PUT!   in        302   302     302   422       302      422     422
mfa_index                         GET    in        200   200     200   200       200      200     200
mfa_reauthenticate                GET    in        302   200     302   302       200      302     302
mfa_reauthenticate                POST   in        302   422     302   302       422      302     302
mfa_reauthenticate                PUT    in        302   422     302   302       422      302     302
mfa_reauthenticate                PATCH  in        302   405     302   302       405      302     302
mfa_reauthenticate                DELETE in        302   405     302   302       405      302     302
mfa_reauthenticate_webauthn       GET    in        200   302     200   302       302      302     302
mfa_reauthenticate_webauthn       POST   in        422   302     422   302       302      302     302
mfa_reauthenticate_webauthn       PUT    in        422   302     422   302       302      302     302
mfa_reauthenticate_webauthn       PATCH  in        405   302     405   302       302      302     302
mfa_reauthenticate_webauthn       DELETE in        405   302     405   302       302      302     302
mfa_remove_webauthn               GET!   in        200   404     404   404       404      404     404
mfa_remove_webauthn               POST!  in        302   404     404   404       404      404     404
mfa_remove_webauthn               DELETE! in        302   404     404   404       404      404     404
mfa_view_recovery_codes           GET!   in        404   200     404   404       404      404     404
openid_connect_callback           GET    400       400   400     400   400       400      400     400
openid_connect_login              POST   302       302   302     302   302       302      302     302
session-end                       POST   in        302   404     404   404       404      404     404
sessions                          GET    in        200   200     200   200       200      200     200
sessions-end-others               POST   in        302   302     302   302       302      302     302
token-revoke                      POST   in        302   404     404   404       404      404     404
tokens                            GET    in        200   200     200   200       200      200     200
tokens                            POST!  in        422   422     422   422       422      422     422

# Pages
# address                         method anonymous files attests rival provinces national analyst administrator
accept                            POST!  in        403   403     403   302       302      403     403
accept.accepted                   POST!  in        403   403     403   302       302      403     403
administration                    GET    in        403   403     403   403       403      403     200
administration-account            GET    in        403   403     403   403       403      403     200
administration-assign             POST!  in        403   403     403   403       403      403     422
administration-end-acting         POST!  in        403   403     403   403       403      403     422
administration-held               GET!   in        403   403     403   403       403      403     200
administration-let-act            POST!  in        403   403     403   403       403      403     422
administration-link               POST!  in        403   403     403   403       403      403     302
administration-make               GET    in        403   403     403   403       403      403     200
administration-make               POST!  in        403   403     403   403       403      403     422
administration-step               POST!  in        403   403     403   403       403      403     422
answer-opening                    GET    in        403   403     403   200       200      403     403
answer-opening                    POST!  in        403   403     403   422       422      403     403
ask-opening                       GET    in        200   200     404   403       403      403     403
ask-opening                       POST   in        422   422     404   403       403      403     403
attest                            GET!   in        200   200     404   403       403      403     403
attest                            POST!  in        200   200     404   403       403      403     403
canonical-lines                   GET    in        200   200     404   200       200      403     403
canonical-lines.submitted         GET    in        200   200     404   200       200      403     403
canonical-lines.draft             GET    in        200   200     404   404       404      403     403
canonical-lines.withdrawn         GET    in        200   200     404   404       404      403     403
case-by-case                      GET    in        403   403     403   200       200      200     403
centre                            GET    in        200   200     404   200       200      200     404
centre-outlook                    GET    in        200   200     404   200       200      200     404
centre-outlook-export             GET    in        200   200     404   200       200      200     404
centre-plan                       GET    in        200   200     404   200       200      200     403
centre-plan-export                GET    in        200   200     404   200       200      200     403
centre-shares                     GET    in        200   200     404   200       200      200     403
centre-term                       GET    in        403   403     403   200       200      403     403
centre-term                       POST!  in        403   403     403   422       422      403     403
changes                           GET    in        200   200     404   200       200      200     404
changes.submitted                 GET    in        200   200     404   200       200      200     404
changes.draft                     GET    in        200   200     404   404       404      404     404
changes.withdrawn                 GET    in        200   200     404   404       404      404     404
chip                              GET    in        200   200     200   200       200      200     200
chips                             GET    in        200   200     200   200       200      200     200
choose-language                   POST   302       302   302     302   302       302      302     302
confirm                           POST   in        302   302     404   403       403      403     403
dashboard                         GET    in        200   200     200   200       200      200     200
decide-chip                       GET    in        403   403     403   403       200      403     403
decide-chip                       POST!  in        403   403     403   403       422      403     403
determination                     GET    in        200   200     404   200       200      200     404
determination-run                 GET    in        403   403     403   200       200      200     403
determination-runs                GET    in        403   403     403   200       200      200     403
determined-json                   GET    in        200   200     404   200       200      200     404
determined-pdf                    GET    in        200   200     404   200       200      200     404
discard-upload                    POST   in        302   302     404   403       403      403     403
exemption                         GET    in        200   200     404   200       200      200     403
exemption.proposal                GET    in        404   404     404   200       200      404     403
exemption-approve                 POST!  in        403   403     403   302       302      403     403
exemption-approve.proposal        POST!  in        403   403     403   200       200      403     403
exemption-ask                     GET    in        200   200     404   403       403      403     403
exemption-ask                     POST   in        422   422     404   403       403      403     403
exemption-export                  GET    in        200   200     200   200       200      200     403
exemption-propose                 GET    in        403   403     403   200       200      403     403
exemption-propose                 POST!  in        403   403     403   422       422      403     403
exemption-request                 GET    in        200   200     404   200       200      403     403
exemption-request-grant           POST!  in        403   403     403   422       422      403     403
exemption-request-refuse          POST!  in        403   403     403   422       422      403     403
exemption-request-withdraw        POST   in        302   302     404   403       403      403     403
exemption-revoke                  GET    in        403   403     403   200       200      403     403
exemption-revoke                  POST!  in        403   403     403   422       422      403     403
exemption-revoke.proposal         GET    in        403   403     403   302       302      403     403
exemption-revoke.proposal         POST!  in        403   403     403   302       302      403     403
exemption-send-back               POST!  in        403   403     403   422       422      403     403
exemption-withdraw                POST   in        403   403     403   302       302      403     403
exemption-withdraw.proposal       POST   in        403   403     403   302       302      403     403
exemptions                        GET    in        200   200     200   200       200      200     403
explanation-json                  GET    in        200   200     404   200       200      200     404
file-inventory                    GET    in        200   200     404   403       403      403     403
file-inventory                    POST   in        200   200     404   403       403      403     403
hand-decision                     GET    in        200   200     404   200       200      200     403
hand-decision-decide              POST!  in        403   403     403   422       422      403     403
help-inventory                    GET    in        200   200     200   200       200      200     200
inventory-differences             GET    in        200   200     404   200       200      200     404
inventory-history                 GET    in        200   200     404   200       200      200     404
inventory-template                GET    in        200   200     404   403       403      403     403
invitation                        GET    200       200   200     200   403       403      403     403
invitation                        POST   200       302   302     302   403       403      403     403
invitation-revoke                 POST   in        404   302     404   403       403      403     403
mandate                           GET    in        200   200     200   200       200      200     200
mandate-write                     GET    in        403   403     403   403       200      403     403
mandate-write                     POST!  in        403   403     403   403       422      403     403
mandates                          GET    in        200   200     200   200       200      200     200
mend                              POST   in        422   422     404   403       403      403     403
movement                          GET    in        403   403     403   200       200      200     403
movement                          POST!  in        403   403     403   422       422      403     403
movements                         GET    in        403   403     403   200       200      200     403
movements-export                  GET    in        403   403     403   200       200      200     403
outlook                           GET    in        403   403     403   200       200      200     403
outlook-export                    GET    in        403   403     403   200       200      200     403
people                            GET    in        200   200     200   403       403      403     403
people                            POST!  in        200   200     200   403       403      403     403
people-dismiss                    POST!  in        404   302     404   403       403      403     403
period-term                       GET    in        403   403     403   403       200      403     403
period-term                       POST!  in        403   403     403   403       422      403     403
prospects                         GET    in        200   200     404   200       200      200     404
prospects.submitted               GET    in        200   200     404   200       200      200     404
prospects.draft                   GET    in        200   200     404   404       404      404     404
prospects.withdrawn               GET    in        200   200     404   404       404      404     404
provision                         GET    in        404   404     404   404       200      404     404
provision-approve                 POST!  in        403   403     403   404       302      403     403
provision-effects                 GET    in        403   403     403   403       200      403     403
provision-issue                   GET    in        403   403     403   403       302      403     403
provision-issue                   POST!  in        403   403     403   403       302      403     403
provision-reading                 POST   in        403   403     403   403       200      403     403
provision-repeal                  GET    in        403   403     403   403       200      403     403
provision-repeal                  POST   in        403   403     403   403       422      403     403
provision-rewrite                 GET    in        403   403     403   404       200      403     403
provision-rewrite                 POST   in        403   403     403   404       422      403     403
provision-send-back               POST!  in        403   403     403   404       422      403     403
provision-step                    POST!  in        403   403     403   404       302      403     403
provision-write                   GET    in        403   403     403   403       200      403     403
provision-write                   POST   in        403   403     403   403       422      403     403
receipt                           GET    in        200   200     404   200       200      403     403
receipt.submitted                 GET    in        200   200     404   200       200      403     403
receipt.draft                     GET    in        404   404     404   404       404      403     403
receipt.withdrawn                 GET    in        404   404     404   404       404      403     403
receipt-json                      GET    in        200   200     404   200       200      403     403
receipt-pdf                       GET    in        200   200     404   200       200      403     403
record-centre                     GET    in        403   403     403   200       200      403     403
record-centre                     POST!  in        403   403     403   422       422      403     403
record-table                      GET    in        403   403     403   200       200      403     403
record-table                      POST!  in        403   403     403   422       422      403     403
report-run                        GET    in        404   404     404   404       200      200     404
report-run-download               GET    in        404   404     404   404       200      200     404
report-runs                       GET    in        403   403     403   404       200      200     403
report-runs                       POST   in        403   403     403   404       404      404     403
reproduce                         GET    in        200   200     404   200       200      200     404
repudiate                         GET    in        200   200     404   403       403      403     403
repudiate                         POST   in        422   422     404   403       403      403     403
retry-upload                      POST   in        302   302     404   403       403      403     403
return                            POST!  in        403   403     403   302       302      403     403
review                            GET    in        403   403     403   200       200      403     403
serial-claims                     GET    in        403   403     403   200       200      403     403
shares                            GET    in        403   403     403   200       200      200     403
shares-export                     GET    in        403   403     403   200       200      200     403
simulation                        GET    in        404   404     404   200       200      200     404
simulation-again                  POST   in        404   404     404   302       302      403     404
simulation-csv                    GET    in        404   404     404   200       200      200     404
simulations                       GET    in        403   403     403   200       200      200     403
simulations                       POST   in        403   403     403   422       422      403     403
submission                        GET    in        200   200     404   200       200      200     404
submission.submitted              GET    in        200   200     404   200       200      200     404
submission.draft                  GET    in        200   200     404   404       404      404     404
submission.withdrawn              GET    in        200   200     404   404       404      404     404
submission-file                   GET    in        200   200     404   200       200      200     404
submission-file.submitted         GET    in        200   200     404   200       200      200     404
submission-file.draft             GET    in        200   200     404   404       404      404     404
submission-file.withdrawn         GET    in        200   200     404   404       404      404     404
timeliness                        GET    in        200   200     200   200       200      200     403
timeliness-export                 GET    in        200   200     200   200       200      200     403
trail                             GET    in        403   403     403   403       200      403     403
trail-export                      GET    in        403   403     403   403       200      403     403
trail-whole                       GET    in        403   403     403   403       200      403     403
undo-mending                      POST   in        302   302     404   403       403      403     403
upload                            GET    in        200   200     404   403       403      403     403
upload-errors                     GET    in        200   200     404   403       403      403     403
upload-file                       GET    in        200   200     404   403       403      403     403
withdraw                          POST   in        302   302     404   403       403      403     403
withdraw.accepted                 POST   in        302   302     404   403       403      403     403
write-claim                       POST!  in        403   403     403   403       422      403     403

# The API
# address                         method anonymous files attests rival provinces national analyst administrator
api:centre-detail                 GET    401       200   200     404   200       200      200     404
api:centre-list                   GET    401       200   200     200   200       200      200     200
api:centre-plan                   GET    401       200   200     404   200       200      200     404
api:chip-detail                   GET    401       200   200     200   200       200      200     200
api:chip-list                     GET    401       200   200     200   200       200      200     200
api:determination-detail          GET    401       200   200     404   200       200      200     404
api:determination-explanation     GET    401       200   200     404   200       200      200     404
api:determination-list            GET    401       200   200     200   200       200      200     200
api:determination-reproduce       GET    401       200   200     404   200       200      200     404
api:docs                          GET    in        200   200     200   200       200      200     200
api:exemption-approve             POST!  401       403   403     404   409       409      403     404
api:exemption-approve.proposal    POST!  401       404   404     404   200       200      404     404
api:exemption-detail              GET    401       200   200     404   200       200      200     404
api:exemption-detail.proposal     GET    401       404   404     404   200       200      404     404
api:exemption-effects             GET    401       403   403     404   409       409      403     404
api:exemption-effects.proposal    GET    401       404   404     404   200       200      404     404
api:exemption-list                GET    401       200   200     200   200       200      200     200
api:exemption-list                POST!  401       403   403     403   400       400      403     403
api:exemption-revoke              POST!  401       403   403     404   400       400      403     404
api:finding-codes                 GET    401       200   200     200   200       200      200     200
api:inventory-template            GET    401       200   200     400   200       200      200     400
api:mandate-detail                GET    401       200   200     200   200       200      200     200
api:mandate-list                  GET    401       200   200     200   200       200      200     200
api:mandate-provision             GET    401       404   404     404   404       200      404     404
api:mandate-provisions            GET    401       200   200     200   200       200      200     200
api:mandate-provisions            POST!  401       403   403     403   403       400      403     403
api:mandate-simulate              POST   401       403   403     403   400       400      403     403
api:me                            GET    401       200   200     200   200       200      200     200
api:missing                       GET    401       404   404     404   404       404      404     404
api:missing                       POST!  401       404   404     404   404       404      404     404
api:missing                       PUT!   401       404   404     404   404       404      404     404
api:missing                       PATCH! 401       404   404     404   404       404      404     404
api:missing                       DELETE! 401       404   404     404   404       404      404     404
api:operator-detail               GET    401       200   200     404   200       200      200     200
api:operator-list                 GET    401       200   200     200   200       200      200     200
api:outcome-change-detail         GET    401       200   200     404   200       200      200     404
api:outcome-change-list           GET    401       200   200     200   200       200      200     200
api:outlook-detail                GET    401       200   200     404   200       200      200     404
api:outlook-list                  GET    401       200   200     200   200       200      200     200
api:period-detail                 GET    401       200   200     200   200       200      200     200
api:period-list                   GET    401       200   200     200   200       200      200     200
api:redoc                         GET    in        200   200     200   200       200      200     200
api:region-detail                 GET    401       200   200     200   200       200      200     200
api:region-list                   GET    401       200   200     200   200       200      200     200
api:report-detail                 GET    401       200   200     200   200       200      200     200
api:report-list                   GET    401       200   200     200   200       200      200     200
api:report-run-detail             GET    401       404   404     404   404       200      200     404
api:report-run-download           GET    401       404   404     404   404       200      200     404
api:report-run-list               GET    401       200   200     200   200       200      200     200
api:report-runs                   GET    401       200   200     200   200       200      200     200
api:report-runs                   POST   401       403   403     403   403       400      400     403
api:rollup-list                   GET    401       200   200     200   200       200      200     200
api:schema                        GET    401       200   200     200   200       200      200     200
api:simulation-detail             GET    401       404   404     404   200       200      200     404
api:simulation-list               GET    401       200   200     200   200       200      200     200
api:submission-accept             POST!  401       403   403     404   200       200      403     404
api:submission-accept.accepted    POST!  401       403   403     404   409       409      403     404
api:submission-attest             POST   401       400   400     404   404       404      404     404
api:submission-detail             GET    401       200   200     404   200       200      200     404
api:submission-detail.submitted   GET    401       200   200     404   200       200      200     404
api:submission-detail.draft       GET    401       200   200     404   404       404      404     404
api:submission-detail.withdrawn   GET    401       200   200     404   404       404      404     404
api:submission-errors             GET    401       200   200     404   200       200      200     404
api:submission-file               GET    401       200   200     404   200       200      200     404
api:submission-file.submitted     GET    401       200   200     404   200       200      200     404
api:submission-file.draft         GET    401       200   200     404   404       404      404     404
api:submission-file.withdrawn     GET    401       200   200     404   404       404      404     404
api:submission-lines              GET    401       200   200     404   200       200      200     404
api:submission-lines.submitted    GET    401       200   200     404   200       200      200     404
api:submission-lines.draft        GET    401       200   200     404   404       404      404     404
api:submission-lines.withdrawn    GET    401       200   200     404   404       404      404     404
api:submission-list               GET    401       200   200     200   200       200      200     200
api:submission-list               POST   401       400   400     400   403       403      403     403
api:submission-receipt            GET    401       200   200     404   200       200      404     404
api:submission-receipt-json       GET    401       200   200     404   200       200      404     404
api:submission-receipt-pdf        GET    401       200   200     404   200       200      404     404
api:submission-repudiate          POST   401       400   400     404   403       403      403     404
api:submission-return             POST!  401       403   403     404   400       400      403     404
api:submission-withdraw           POST   401       200   200     404   404       404      404     404
api:timeliness-detail             GET    401       200   200     404   200       200      200     404
api:timeliness-list               GET    401       200   200     200   200       200      200     200
api:upload-detail                 GET    401       200   200     404   404       404      404     404
api:upload-errors                 GET    401       200   200     404   404       404      404     404
api:upload-file                   GET    401       200   200     404   404       404      404     404
api:upload-list                   GET    401       200   200     200   200       200      200     200
api:upload-usage                  GET    401       200   200     200   200       200      200     200
api:vendor-detail                 GET    401       200   200     200   200       200      200     200
api:vendor-list                   GET    401       200   200     200   200       200      200     200
"""

WHO = ("anonymous", "files", "attests", "rival", "provinces", "national", "analyst", "administrator")


class Row:
    """A line of the table."""

    def __init__(self, line: str) -> None:
        named, method, *cells = line.split()
        self.method, self.asks_again = method.rstrip("!"), method.endswith("!")
        route, _, self.state = named.rpartition(".")
        self.route = route or named
        self.state = self.state if route else ""
        self.cells = dict(zip(WHO, cells, strict=True))

    def __repr__(self) -> str:
        return f"{self.method} {self.route}{f' ({self.state})' if self.state else ''}"


ROWS = [Row(line) for line in TABLE.strip().splitlines() if line and not line.startswith("#")]

# All that a session opens that has not shown the second factor which its role needs, besides what is open to anybody:
# to set one up, to show it, or to leave.
BEFORE_SECOND_FACTOR = (
    "account_change_password",
    "account_logout",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_view_recovery_codes",
)

# What of each table somebody sees: of Quartz's rows and of Basalt's, ``q`` and ``b``; ``-`` none. A former member of
# Quartz is shown what the rival is of Quartz, and what Quartz is of Basalt: nothing.
TABLES = """
# table                        path to the operator            files attests rival provinces national analyst admin
accounts.Membership            operator_id                    q     q       b     -         -        -       qb
accounts.Invitation            operator_id                    -     q       -     -         -        -       qb
accounts.ApiToken              user__memberships__operator_id q     -       b     -         -        -       -
accounts.User                  memberships__operator_id       q     q       b     -         -        -       qb
accounts.Assignment            account__memberships__operator_id q     -       b     -         -        -       qb
accounts.AccountStep           account__memberships__operator_id q     -       b     -         -        -       qb
centres.Operator               pk                             q     q       b     q         qb       qb      qb
centres.Centre                 operator                       q     q       b     q         qb       qb      -
centres.CentreRecord           centre__operator               q     q       b     q         qb       qb      -
centres.FilingTerm             centre__operator               q     q       b     q         qb       qb      -
chips.Submission               centre__operator               q     q       b     q         qb       qb      -
chips.InventoryLine            submission__centre__operator   q     q       b     q         qb       qb      -
chips.Confirmation             submission__centre__operator   q     q       b     q         qb       qb      -
chips.Receipt                  submission__centre__operator   q     q       b     q         qb       -       -
chips.Upload                   centre__operator               q     q       b     -         -        -       -
chips.OpeningRequest           centre__operator               q     q       b     q         qb       -       -
chips.Reminder                 centre__operator               q     -       b     -         -        -       -
compliance.Determination       centre__operator               q     q       b     q         qb       qb      -
compliance.CurrentDetermination centre__operator               q     q       b     q         qb       qb      -
compliance.OutcomeChange       centre__operator               q     q       b     q         qb       qb      -
compliance.Exemption           centre__operator               q     q       b     q         qb       qb      -
compliance.ExemptionRequest    centre__operator               q     q       b     q         qb       qb      -
compliance.ExemptionNotice     exemption__centre__operator    q     -       b     -         -        -       -
compliance.HandDecision        centre__operator               q     q       b     q         qb       qb      -
compliance.Movement            centre__operator               -     -       -     q         qb       qb      -
compliance.CentreShare         centre__operator               q     q       b     q         qb       qb      -
compliance.SummedStock         centre__operator               q     q       b     q         qb       qb      -
compliance.Outlook             centre__operator               q     q       b     q         qb       qb      -
compliance.SimulatedChange     centre__operator               -     -       -     q         qb       qb      -
"""

# What is of a region: ``q`` Shanghai, ``b`` Guangdong; no operator is shown sums over others.
REGIONS = """
compliance.OutcomeRollup       region                         -     -       -     q         qb       qb      -
compliance.InventoryRollup     region                         -     -       -     q         qb       qb      -
compliance.StockRollup         region                         -     -       -     q         qb       qb      -
compliance.AcquisitionRollup   region                         -     -       -     q         qb       qb      -
"""

# What is nobody's in particular: ``*`` all of it.
OTHERS = """
centres.Region                 *     *       *     *         *        *       *
centres.ReportingPeriod        *     *       *     *         *        *       *
chips.Vendor                   *     *       *     *         *        *       *
chips.ChipModel                *     *       *     *         *        *       *
chips.Alias                    *     *       *     *         *        *       *
chips.Claim                    *     *       *     *         *        *       *
chips.Adoption                 *     *       *     *         *        *       *
chips.ChipRevision             *     *       *     *         *        *       *
chips.MarketTotal              *     *       *     *         *        *       *
compliance.Mandate             *     *       *     *         *        *       *
compliance.OutlookError        *     *       *     *         *        *       *
compliance.Provision           some  some    some  some      *        some    some
compliance.Simulation          -     -       -     some      *        *       -
compliance.DeterminationRun    -     -       -     some      *        *       -
reports.ReportRun              -     -       -     -         *        *       -
accounts.IdempotencyKey        some  -       some  -         -        -       -
accounts.AuditEvent            -     -       -     -         *        -       -
accounts.AuditLink             -     -       -     -         *        -       -
accounts.AuditHead             -     -       -     -         *        -       -
compliance.DeterminationRequest -     -       -     -         -        -       -
compliance.OutlookRun          -     -       -     -         -        -       -
compliance.ShareReading        -     -       -     -         -        -       -
"""

READERS = ("files", "attests", "rival", "provinces", "national", "analyst", "administrator")

# Whose scope no address asks: the register reads them for itself.
NEVER_ASKED = {
    "chips.Confirmation": "shown as part of the submission that it is of, within whose scope that was found",
    "chips.Reminder": "a mail",
    "compliance.ExemptionNotice": "a mail",
    "compliance.CentreShare": "what outlooks are made of",
    "compliance.ShareReading": "when that was read",
    "compliance.OutlookRun": "that outlooks are to be made",
    "compliance.SummedStock": "what sums over stocks were made of",
    "compliance.DeterminationRequest": "that centres are to be judged, of which the scope of runs asks",
}
